//! The links between records of several sources are those of resolution.

use proptest::prelude::*;

use super::*;
use crate::identity::Moment;
use crate::identity::actor::ActorRole;
use crate::identity::actor::Evidence;
use crate::identity::memory::Memory;
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::resolve::{Claim, Name, Resolver};
use crate::model::Secret;

const NOW: i64 = 1_794_787_200;

fn found(source: &str, value: Record) -> Found<Record> {
    Found {
        value,
        source: source.to_owned(),
        authority: if source == "0" { Authority::Personnel } else { Authority::Forge },
        from: 0,
        until: i64::MAX,
        known_since: 0,
        as_of: NOW,
    }
}

proptest! {
    #[test]
    fn records_are_taken_together_as_resolution_does(
        // Source, person, what kind of name, which name.
        names in proptest::collection::vec((0u8..4, 0u8..4, 0u8..3, 0u8..5), 1..24),
    ) {
        let mut memory = Memory::new();
        let mut all = Vec::new();
        for source in ["0", "1", "2", "3"] {
            memory.source(source, Authority::Forge, NOW);
            for id in ["0", "1", "2", "3"] {
                all.push(found(source, Record::Person(Person { id: id.to_owned(), ..Person::default() })));
            }
        }
        for (source, id, kind, value) in &names {
            let (kind, realm) = match kind {
                0 => (HandleKind::Email, ""),
                1 => (HandleKind::Saml, ""),
                _ => (HandleKind::Login, "git.example"),
            };
            let handle = Handle::new(&id.to_string(), kind, realm, &format!("n{value}@corp.example"));
            all.push(found(&source.to_string(), Record::Handle(handle)));
        }
        for one in &all {
            memory.add(one.clone());
        }
        let people = People::read(
            |each| all.iter().cloned().try_for_each(each),
            &[],
            None,
            NOW,
        ).expect("read");
        let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
        let resolver = Resolver {
            directory: &memory,
            at: Moment::at(NOW),
            now: NOW,
            resources: Vec::new(),
            stale_after: 0,
            pseudonyms: &key,
        };
        for (_, _, kind, value) in &names {
            let (kind, realm) = match kind {
                0 => (HandleKind::Email, ""),
                1 => (HandleKind::Saml, ""),
                _ => (HandleKind::Login, "git.example"),
            };
            let value = format!("n{value}@corp.example");
            let whose: Vec<u32> = people.by_name(hash(kind, realm, &value)).collect();
            // Where a name stands for one person only, all records of that person are the same.
            let [one] = whose.as_slice() else { continue };
            let name = Name { evidence: Evidence::Email, kind, realm: realm.to_owned(), value, via: "" };
            let claim = Claim {
                role: ActorRole::Author,
                name: String::new(),
                email: String::new(),
                login: None,
                bot: false,
                names: vec![name],
            };
            let standing = resolver.resolve(claim).expect("resolved").standing.expect("somebody");
            let (linked, others) = people.linked(*one);
            // Where several records of one source are to be had, either may be taken.
            if others.is_empty() {
                let own: BTreeSet<(String, String)> = linked
                    .iter()
                    .map(|at| (people.source_of(*at).0.clone(), people.entry(*at).id.to_string()))
                    .collect();
                let theirs: BTreeSet<(String, String)> =
                    standing.persons.into_iter().map(|one| (one.source, one.id)).collect();
                prop_assert_eq!(own, theirs);
            }
        }
    }
}
