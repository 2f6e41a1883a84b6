//! A file manager as far as a drag goes: a small window that offers one path to whatever it is dropped on.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use gtk::gdk::{DragAction, ModifierType};
use gtk::prelude::*;
use gtk::{TargetEntry, TargetFlags, glib};

use crate::screen::{pause, xdotool};

/// Beside the app's window on a screen of 1280 by 800.
const CORNER: (i32, i32) = (1200, 300);
const SIDE_PX: i32 = 70;
/// How far the pointer goes at once. Whoever is dragged over must get to answer in between.
const STEPS: i32 = 12;
const BETWEEN_STEPS: Duration = Duration::from_millis(30);

pub(crate) struct DragSource {
    thread: Option<JoinHandle<()>>,
}

impl DragSource {
    /// Opens it. GTK belongs to one thread of a program for good, so there is one in a program.
    pub(crate) fn offering(path: &Path) -> DragSource {
        let uri = glib::filename_to_uri(path, None).unwrap();
        let (is_there, there) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("drag source".into())
            .spawn(move || {
                gtk::init().unwrap();
                let window = gtk::Window::new(gtk::WindowType::Popup);
                window.set_default_size(SIDE_PX, SIDE_PX);
                window.move_(CORNER.0, CORNER.1);
                let list = TargetEntry::new("text/uri-list", TargetFlags::OTHER_APP, 0);
                window.drag_source_set(ModifierType::BUTTON1_MASK, &[list], DragAction::COPY);
                window.connect_drag_data_get(move |_, _, data, _, _| {
                    data.set_uris(&[uri.as_str()]);
                });
                window.connect_map_event(move |_, _| {
                    is_there.send(()).unwrap();
                    glib::Propagation::Proceed
                });
                window.show_all();
                gtk::main();
            })
            .unwrap();
        there.recv().unwrap();
        DragSource {
            thread: Some(thread),
        }
    }

    /// Picks it up and holds it over this place of the screen.
    pub(crate) async fn drag_to(&self, (x, y): (i32, i32)) {
        let from = (CORNER.0 + SIDE_PX / 2, CORNER.1 + SIDE_PX / 2);
        move_to(from);
        pause(BETWEEN_STEPS).await;
        xdotool(&["mousedown", "1"]).unwrap();
        for step in 1..=STEPS {
            let along = |from: i32, to: i32| from + (to - from) * step / STEPS;
            move_to((along(from.0, x), along(from.1, y)));
            pause(BETWEEN_STEPS).await;
        }
    }

    /// Lets go of it.
    pub(crate) fn drop_here(&self) {
        xdotool(&["mouseup", "1"]).unwrap();
    }
}

impl Drop for DragSource {
    fn drop(&mut self) {
        glib::MainContext::default().invoke(gtk::main_quit);
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn move_to((x, y): (i32, i32)) {
    xdotool(&["mousemove", &x.to_string(), &y.to_string()]).unwrap();
}
