//! Randomness for faults that is the same for the same seed.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Draws the faults of a story. Keys are not drawn from it: a run repeats its faults, not its key bytes.
#[derive(Debug)]
pub struct Repeatable(StdRng);

impl Repeatable {
    /// The draws of a seed, told apart by what they are for.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(StdRng::seed_from_u64(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.0.gen_bool(probability)
    }

    /// A number from 0 to below `end`; 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.gen_range(0..end) }
    }

    /// Another source, for somebody who draws by themselves.
    pub(crate) fn child(&mut self) -> StdRng {
        StdRng::seed_from_u64(self.0.r#gen())
    }
}
