//! The built-in embedder, as the engine asks it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use oldgrowth_embedder::{FILE, ID, WIDTH};
use oldgrowth_engine::Error;
use oldgrowth_engine::ports::{Ambient, Embedder, Side};
use oldgrowth_keeper::Keeper;
use oldgrowth_models::BuiltIn;
use oldgrowth_store::{Lane, Store};
use oldgrowth_testkit::{Threads, WallClock};

fn built_in() -> BuiltIn {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../weights")
        .join(FILE);
    BuiltIn::new(weights, NonZeroUsize::MIN)
}

#[test]
fn a_question_is_nearest_to_what_answers_it() {
    let embedder = built_in();
    let question = embedder
        .embed(Side::Question, &["When does my passport expire?"])
        .unwrap();
    let passages = [
        "Milk, bread and six eggs.",
        "The document I travel with is valid until May 2027.",
        "Ada repaired the old boat in the harbour.",
    ];
    let passages = embedder.embed(Side::Passage, &passages).unwrap();
    let near = |passage: &Vec<f32>| -> f32 {
        let products = passage.iter().zip(&question[0]).map(|(a, b)| a * b);
        products.sum()
    };
    let near: Vec<f32> = passages.iter().map(near).collect();
    assert!(near[1] > near[0] && near[1] > near[2], "{near:?}");
    assert_eq!((embedder.id(), passages[0].len()), (ID, WIDTH));
    embedder.let_go();
}

#[test]
fn it_refuses_to_work_while_a_connection_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let ambient = Ambient {
        clock: WallClock::start(),
        spawn: Arc::new(Threads),
    };
    let keeper = Keeper::new(ambient);
    let store = Store::of_workspace(&keeper, folder.path()).unwrap();
    let embedder = built_in();
    let inside = store.read(Lane::Background, |_| {
        embedder.embed(Side::Question, &["Who?"])
    });
    assert!(
        matches!(inside, Err(Error::HeldConnection)),
        "a read would wait for it: {inside:?}"
    );
    keeper.shut_down();
}

#[test]
fn without_its_weights_the_engine_hears_that_coming_back_is_of_no_use() {
    let embedder = BuiltIn::new("/nowhere/e5-small.weights".into(), NonZeroUsize::MIN);
    let error = embedder.embed(Side::Question, &["Who?"]).unwrap_err();
    assert!(!error.is_transient(), "the file does not come by itself");
}
