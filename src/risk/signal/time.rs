//! When and how much: behaviour against the person's own past and that of peers. These weigh little
//! and only where there is enough past to compare with.

use super::{DAY, Look, Seen, Signal, count, days};
use crate::identity::actor::{Actor, ActorRole};
use crate::risk::baseline::hours;
use crate::risk::weigh::{Family, Weights};

/// The most that the hour may weigh, decibans: night work is common and lawful.
const HOUR_CAP: f64 = 4.0;

/// Multiples of the median absolute deviation that count as unusual.
const DEVIATIONS: f64 = 6.0;

/// Files below which no volume is unusual.
const FEW_FILES: f64 = 50.0;

pub(super) const SIGNALS: &[Signal] = &[
    Signal {
        id: "S24",
        name: "impossible-travel",
        family: Family::Time,
        definition: "Two pushes of the person came from countries that nobody travels between in \
                     that time.",
        needs: "countries from the forge's audit log",
        refuted_by: "a virtual private network",
        false_alarms: "virtual private networks, jobs",
        off_by_default: false,
        look: |case| match case.push.impossible_travel {
            // Jobs run wherever there is room for them.
            _ if case.accountable().is_some_and(Actor::is_machine) => Look::Quiet,
            None => Look::Missing("countries from the forge's audit log"),
            Some(false) => Look::Quiet,
            Some(true) => Seen::person(
                case,
                "pushes from countries too far apart",
                Weights::new(0.0, 10.0, 0.0),
                "audit log",
            ),
        },
    },
    Signal {
        id: "S36",
        name: "unusual-hour",
        family: Family::Time,
        definition: "The hour of the week is one at which the person and their peers hardly work.",
        needs: "30 working sessions on 15 days over four weeks, or peers",
        refuted_by: "being on call, travel",
        false_alarms: "night work is common and lawful",
        off_by_default: true,
        look: |case| {
            let past = past!(case);
            let local = case.time + i64::from(case.change.author_zone) * 60;
            let Some(tail) = hours::tail(past, local) else {
                return Look::Missing("enough working sessions of the person or peers");
            };
            let weight = (2.0 * -tail.log10()).min(HOUR_CAP);
            if weight < 2.0 {
                return Look::Quiet;
            }
            let weights = Weights::new(0.0, weight, weight * 0.75);
            let value = "an hour at which the person hardly works";
            Seen::person(case, value, weights, "history")
                .against(count(past.sessions, "working session"))
        },
    },
    Signal {
        id: "S37",
        name: "new-time-zone",
        family: Family::Time,
        definition: "The author's time zone is at least three hours from every one used in 90 days, or in \
                     the last 20 commits of whoever made fewer than ten in that time.",
        needs: "ten commits of the person",
        refuted_by: "travel",
        false_alarms: "travel, containers that run in UTC, edits on the site",
        off_by_default: false,
        look: |case| {
            let past = past!(case);
            let known: u32 = past.zones.values().sum();
            if known < 10 {
                return Look::Missing("ten commits of the person here");
            }
            // Containers and the forge's site commit in UTC, wherever the person sits.
            let zone = case.change.author_zone;
            let other = case.pushed_for_other(ActorRole::Author);
            if zone == 0 || case.change.by_web || other {
                return Look::Quiet;
            }
            // A zone that one commit in fifty or fewer had is no habit.
            let usual = past.zones.iter().filter(|(_, used)| **used * 50 > known);
            let apart = usual.map(|(usual, _)| (zone - usual).abs()).map(|one| one.min(1440 - one));
            let Some(nearest) = apart.min() else { return Look::Quiet };
            if nearest < 180 {
                return Look::Quiet;
            }
            let value = format!("a time zone {} hours from any usual one", nearest / 60);
            Seen::person(case, value, Weights::new(0.0, 5.0, 0.0), "history")
                .against(count(known as usize, "commit"))
        },
    },
    Signal {
        id: "S38",
        name: "awakening",
        family: Family::Time,
        definition: "The first commit or recorded push after at least 60 days without a leave, and six times the person's usual gap.",
        needs: "earlier commits or recorded pushes of the person",
        refuted_by: "a leave that ended",
        false_alarms: "parental leave, sabbaticals, other projects",
        off_by_default: false,
        look: |case| {
            let past = past!(case);
            // Work elsewhere is work: somebody who comes back to a repository did not sleep.
            let Some(last) = past.last.max(past.last_push) else { return Look::Quiet };
            let gap = case.time - last;
            let usual = past.usual_gap.unwrap_or(0);
            let back = past.leave_between == Some(true)
                || case
                    .accountable()
                    .and_then(|actor| actor.standing.as_ref())
                    .is_some_and(|standing| standing.status == crate::identity::Status::Leave);
            let known = past.sessions.max(past.pushes);
            if known < 5 || gap < (60 * DAY).max(usual.saturating_mul(6)) || back {
                return Look::Quiet;
            }
            let value = format!("the first commit for {} days", days(gap));
            Seen::person(case, value, Weights::new(0.0, 8.0, 0.0), "history")
                .against(format!("usually at most {} days", days(usual).max(1)))
        },
    },
    Signal {
        id: "S39",
        name: "unusual-volume",
        family: Family::Time,
        definition: "Far more files than the person's commits of 90 days change: over the median \
                     plus six times the median absolute deviation, and over 50.",
        needs: "ten commits of the person in 90 days",
        refuted_by: "a migration that was planned",
        false_alarms: "generated files, renames, imports",
        off_by_default: false,
        look: |case| {
            let past = past!(case);
            let (Some(files), Some(median), Some(mad)) =
                (case.change.files, past.files_median, past.files_mad)
            else {
                return Look::Missing("sizes of the person's commits in 90 days");
            };
            if f64::from(files) <= (median + DEVIATIONS * mad.max(1.0)).max(FEW_FILES) {
                return Look::Quiet;
            }
            let value = format!("{} changed", count(files as usize, "file"));
            Seen::person(case, value, Weights::new(0.0, 3.0, 3.0), "history")
                .against(format!("median {median:.0}, deviation {mad:.0}"))
        },
    },
    Signal {
        id: "S40",
        name: "new-repositories",
        family: Family::Time,
        definition: "At least five repositories within seven days that the person never pushed to, \
                     more than ever before.",
        needs: "pushes that were recorded",
        refuted_by: "a task over many repositories",
        false_alarms: "platform teams, bots",
        off_by_default: false,
        look: |case| {
            let past = past!(case);
            let (Some(all), Some(new)) = (past.repositories, past.new_repositories) else {
                return Look::Missing("recorded pushes of the person");
            };
            let usual = past.usual_repositories.unwrap_or(0);
            if new < 5 || all <= usual {
                return Look::Quiet;
            }
            let value = format!("{new} new repositories within seven days");
            Seen::person(case, value, Weights::new(0.0, 5.0, 0.0), "recorded pushes")
                .against(format!("at most {usual} before"))
        },
    },
];
