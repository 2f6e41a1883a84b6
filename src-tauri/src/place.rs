//! Where the window opens: as it was left, but always where it can be seen and taken hold of.

use serde::{Deserialize, Serialize};

/// The smallest the window may be, in pixels at a scale of 1.
pub(crate) const WIDTH_MIN_PX: f64 = 720.0;
pub(crate) const HEIGHT_MIN_PX: f64 = 520.0;
/// What it is at first.
const WIDTH_PX: f64 = 1180.0;
const HEIGHT_PX: f64 = 780.0;
/// The part of its upper edge that has to be on a screen, so that it can be taken hold of.
const HOLD_WIDTH_PX: f64 = 120.0;
const HOLD_HEIGHT_PX: f64 = 24.0;

/// Where the window was left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The upper left corner, in pixels of all screens together.
    pub(crate) x: i32,
    pub(crate) y: i32,
    /// Its inside, in pixels at a scale of 1: a screen of another scale shows as much of it.
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) maximized: bool,
}

/// The part of a screen that windows may use, in pixels of all screens together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Screen {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) scale: f64,
}

/// How the window opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Opening {
    /// Without one the system finds a place.
    pub(crate) corner: Option<(i32, i32)>,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) maximized: bool,
}

/// As it was left, if that is still on a screen. The first screen is the main one.
pub(crate) fn opening(left: Option<Place>, screens: &[Screen]) -> Opening {
    let Some(left) = left.filter(|left| left.width.is_finite() && left.height.is_finite()) else {
        return sized(None, (WIDTH_PX, HEIGHT_PX), screens.first(), false);
    };
    let holding = screens.iter().find(|screen| can_be_held(&left, screen));
    sized(
        holding.map(|_| (left.x, left.y)),
        (left.width, left.height),
        holding.or(screens.first()),
        left.maximized,
    )
}

fn sized(
    corner: Option<(i32, i32)>,
    (width, height): (f64, f64),
    screen: Option<&Screen>,
    maximized: bool,
) -> Opening {
    let most = |pixels: fn(&Screen) -> u32| {
        screen.map_or(f64::INFINITY, |screen| {
            f64::from(pixels(screen)) / screen.scale
        })
    };
    // On a screen that is smaller than the window can be, the window is as small as it can be.
    Opening {
        corner,
        width: width.min(most(|screen| screen.width)).max(WIDTH_MIN_PX),
        height: height.min(most(|screen| screen.height)).max(HEIGHT_MIN_PX),
        maximized,
    }
}

fn can_be_held(place: &Place, screen: &Screen) -> bool {
    let (left, top) = (f64::from(screen.x), f64::from(screen.y));
    let (right, bottom) = (
        left + f64::from(screen.width),
        top + f64::from(screen.height),
    );
    let (x, y) = (f64::from(place.x), f64::from(place.y));
    let seen = right.min(x + place.width * screen.scale) - left.max(x);
    seen >= HOLD_WIDTH_PX * screen.scale && y >= top && y + HOLD_HEIGHT_PX * screen.scale <= bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: Screen = Screen {
        x: 0,
        y: 0,
        width: 1920,
        height: 1040,
        scale: 1.0,
    };
    const LEFT: Place = Place {
        x: 300,
        y: 200,
        width: 1000.0,
        height: 700.0,
        maximized: false,
    };

    #[test]
    fn the_first_time_the_system_finds_a_place() {
        let opening = opening(None, &[MAIN]);
        assert_eq!(
            (opening.corner, opening.width, opening.height),
            (None, WIDTH_PX, HEIGHT_PX),
            "nobody has placed it yet"
        );
    }

    #[test]
    fn it_opens_as_it_was_left() {
        let opening = opening(Some(LEFT), &[MAIN]);
        assert_eq!(opening.corner, Some((300, 200)), "where it was");
        assert_eq!(
            (opening.width, opening.height),
            (1000.0, 700.0),
            "as it was"
        );
    }

    #[test]
    fn a_screen_that_is_gone_takes_no_window_with_it() {
        let beside = Screen { x: 1920, ..MAIN };
        let there = Place { x: 2100, ..LEFT };
        assert_eq!(
            opening(Some(there), &[MAIN, beside]).corner,
            Some((2100, 200)),
            "the second screen is there"
        );
        assert_eq!(
            opening(Some(there), &[MAIN]).corner,
            None,
            "the second screen was unplugged"
        );
    }

    #[test]
    fn a_window_that_could_not_be_taken_hold_of_is_placed_anew() {
        for (x, y, why) in [
            (1900, 200, "too little of it is left of the right edge"),
            (-950, 200, "too little of it is right of the left edge"),
            (300, -40, "its upper edge is above the screen"),
            (300, 1030, "it is below the screen"),
        ] {
            let place = Place { x, y, ..LEFT };
            assert_eq!(opening(Some(place), &[MAIN]).corner, None, "{why}");
        }
    }

    #[test]
    fn it_is_neither_larger_than_its_screen_nor_smaller_than_it_can_be() {
        let small = Screen {
            width: 1280,
            height: 680,
            ..MAIN
        };
        let wide = Place {
            width: 3000.0,
            height: 2000.0,
            ..LEFT
        };
        let wide = opening(Some(wide), &[small]);
        assert_eq!((wide.width, wide.height), (1280.0, 680.0), "it fits");
        let tiny = Place {
            width: 1.0,
            height: -7.0,
            ..LEFT
        };
        let tiny = opening(Some(tiny), &[MAIN]);
        assert_eq!(
            (tiny.width, tiny.height),
            (WIDTH_MIN_PX, HEIGHT_MIN_PX),
            "a spoilt file makes no window that can't be used"
        );
        let phone = Screen {
            width: 400,
            height: 300,
            ..MAIN
        };
        let least = opening(Some(LEFT), &[phone]);
        assert_eq!(
            least.width, WIDTH_MIN_PX,
            "the least the page can be read at"
        );
    }

    #[test]
    fn a_screen_of_another_scale_shows_as_much_of_it() {
        let fine = Screen {
            width: 3840,
            height: 2080,
            scale: 2.0,
            ..MAIN
        };
        let opening = opening(Some(LEFT), &[fine]);
        assert_eq!((opening.width, opening.height), (1000.0, 700.0), "as much");
    }

    #[test]
    fn without_a_list_of_screens_the_system_finds_a_place() {
        let opening = opening(Some(LEFT), &[]);
        assert_eq!(opening.corner, None, "no screen is known to hold it");
        assert_eq!(
            opening.width, 1000.0,
            "its size is the person's all the same"
        );
    }
}
