//! Vectors as they are kept: a byte for each component, and one scale.

use oldgrowth_store::table::vectors::Vector;

/// The largest byte that a component may become; the smallest is its opposite.
const MOST: f32 = i8::MAX as f32;

/// None when a component is not a number.
pub(crate) fn quantised(vector: &[f32]) -> Option<Vector> {
    if vector.is_empty() || !vector.iter().all(|number| number.is_finite()) {
        return None;
    }
    let most = vector.iter().fold(0.0_f32, |most, n| most.max(n.abs()));
    let scale = most / MOST;
    let byte = |number: &f32| {
        if scale > 0.0 {
            (number / scale).round().clamp(-MOST, MOST) as i8
        } else {
            0
        }
    };
    Some(Vector {
        scale,
        components: vector.iter().map(byte).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_component_moves_by_more_than_half_a_step() {
        let vector: Vec<f32> = (0..384).map(|at| ((at * at) as f32).sin() * 0.2).collect();
        let kept = quantised(&vector).unwrap();
        for (number, byte) in vector.iter().zip(&kept.components) {
            let back = f32::from(*byte) * kept.scale;
            assert!((number - back).abs() <= kept.scale * 0.501, "{number}");
        }
    }

    #[test]
    fn what_is_no_vector_is_not_kept() {
        assert_eq!(quantised(&[]), None);
        assert_eq!(quantised(&[0.1, f32::NAN]), None);
        assert_eq!(quantised(&[f32::INFINITY]), None);
        let nothing = quantised(&[0.0, 0.0]).unwrap();
        assert_eq!((nothing.scale, nothing.components), (0.0, vec![0, 0]));
    }
}
