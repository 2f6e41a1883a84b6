//! How near vectors are to another, of bytes and a scale each: all of them, one after the other.

/// The sum of the products of components. The loop is one that compilers make of wide instructions, the quicker as one
/// side has been widened before. It is exact for any length that a vector has.
fn product(row: &[i8], to: &[i16]) -> i32 {
    let pairs = row.iter().zip(to);
    pairs
        .map(|(a, b)| i32::from(i16::from(*a)) * i32::from(*b))
        .sum()
}

/// For each row how near it is: the cosine, for vectors of length 1. The components stand row after row, each row with as
/// many as `to` has, and with a scale of its own.
pub fn nearness(components: &[i8], scales: &[f32], to: &[i8], scale: f32) -> Vec<f32> {
    let to: Vec<i16> = to.iter().map(|byte| i16::from(*byte)).collect();
    let rows = components.chunks_exact(to.len().max(1));
    rows.zip(scales)
        .map(|(row, of_row)| product(row, &to) as f32 * of_row * scale)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_the_largest_components_are_exact() {
        for (a, b) in [(127_i8, 127_i8), (-127, 127), (-128, -128), (0, 5)] {
            let (left, right) = (vec![a; 1_024], vec![i16::from(b); 1_024]);
            let wanted = i32::from(a) * i32::from(b) * 1_024;
            assert_eq!(product(&left, &right), wanted, "{a} and {b}");
        }
    }

    #[test]
    fn rows_are_as_near_as_their_vectors_are() {
        let near = nearness(&[2, 9, -1, -2, 0, 1], &[1.0, 0.5], &[2, 0, -1], 0.5);
        assert_eq!(near, [2.5, -1.25]);
        assert!(
            nearness(&[1, 2], &[1.0], &[], 1.0)
                .iter()
                .all(|near| *near == 0.0)
        );
    }
}
