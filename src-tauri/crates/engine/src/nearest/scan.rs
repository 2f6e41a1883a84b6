//! How near vectors are to another: all of them, one after the other.

use oldgrowth_store::table::vectors::Vector;

/// The sum of the products of components. The loop is one that compilers make of wide instructions: the products of two
/// bytes fit into sixteen bits, and their sum into thirty-two for any length a vector has.
pub(super) fn product(a: &[i8], b: &[i8]) -> i32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b)))
        .sum()
}

/// For each row of the components how near it is: the cosine, for vectors of length 1.
pub(super) fn nearness(components: &[i8], scales: &[f32], to: &Vector) -> Vec<f32> {
    let rows = components.chunks_exact(to.components.len().max(1));
    rows.zip(scales)
        .map(|(row, scale)| product(row, &to.components) as f32 * scale * to.scale)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_the_largest_components_are_exact() {
        for (a, b) in [(127, 127), (-127, 127), (-128, -128), (0, 5)] {
            let (left, right) = (vec![a; 1_024], vec![b; 1_024]);
            let wanted = i32::from(a) * i32::from(b) * 1_024;
            assert_eq!(product(&left, &right), wanted, "{a} and {b}");
        }
    }

    #[test]
    fn rows_are_as_near_as_their_vectors_are() {
        let to = Vector {
            scale: 0.5,
            components: vec![2, 0, -1],
        };
        let near = nearness(&[2, 9, -1, -2, 0, 1], &[1.0, 0.5], &to);
        assert_eq!(near, [2.5, -1.25]);
    }
}
