//! A synthetic organisation: people with histories, teams, rights, keys, time zones and leave; some
//! thousand everyday commits over fourteen months; and planted stories for each explanation of a
//! leak. The same seed gives the same organisation on every machine.
//!
//! Stories follow published cards of the three explanations, and each sign of one is there with some
//! probability only. They were changed while weights were tuned; `docs/identity.md` says how.

pub mod event;
pub mod judged;
pub mod people;
pub mod random;
pub mod report;
pub mod stories;
pub mod work;

use event::Event;
use people::Staff;
use random::Random;

/// An organisation with everything that happened in it.
#[derive(Debug, Clone)]
pub struct Organisation {
    /// Of what it was made.
    pub seed: u64,
    /// People and repositories.
    pub staff: Staff,
    /// Everyday events and planted ones, by time.
    pub events: Vec<Event>,
}

impl Organisation {
    /// The organisation of a seed.
    pub fn new(seed: u64) -> Organisation {
        let mut random = Random::new(seed);
        let mut staff = Staff::new(&mut random);
        let mut events = work::everyday(&staff, &mut random);
        stories::plant(&mut staff, &mut events, &mut random);
        events.sort_by_key(|event| event.time);
        Organisation { seed, staff, events }
    }
}
