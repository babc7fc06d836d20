//! What rules and results mean to others: weaknesses of CWE, and controls of ISO/IEC 27001:2022
//! (Annex A) and the NIST Cybersecurity Framework 2.0 that a finding speaks to.
//!
//! A control that a result names is evidence about the control, such as a merge without a second
//! person, and never a breach by somebody. Only what a run refers to is written into it.

use std::collections::BTreeSet;

use ::sarif::sarif::{
    MultiformatMessageString, ReportingDescriptor, ReportingDescriptorReference,
    ReportingDescriptorRelationship, ToolComponent, ToolComponentReference,
};

use crate::finding::RuleInfo;
use crate::model::ContentKind;
use crate::output::Reported;
use crate::provenance::Place;
use crate::risk::Card;

/// A list of weaknesses or controls.
struct Taxonomy {
    /// Its short name, by which rules and results refer to it.
    name: &'static str,
    full_name: &'static str,
    organization: &'static str,
    version: &'static str,
    /// Where it is published.
    page: &'static str,
    /// Ours: none of the publishers gives out one.
    guid: &'static str,
}

const CWE: Taxonomy = Taxonomy {
    name: "CWE",
    full_name: "Common Weakness Enumeration",
    organization: "MITRE",
    version: "4",
    page: "https://cwe.mitre.org/",
    guid: "5b0c9b5e-6a53-5f0e-9d5c-6c1f3a7e9a01",
};

const ISO: Taxonomy = Taxonomy {
    name: "ISO27001",
    full_name: "ISO/IEC 27001:2022, Annex A",
    organization: "ISO/IEC",
    version: "2022",
    page: "https://www.iso.org/standard/27001",
    guid: "5b0c9b5e-6a53-5f0e-9d5c-6c1f3a7e9a02",
};

const NIST: Taxonomy = Taxonomy {
    name: "NIST-CSF",
    full_name: "NIST Cybersecurity Framework 2.0",
    organization: "NIST",
    version: "2.0",
    page: "https://www.nist.gov/cyberframework",
    guid: "5b0c9b5e-6a53-5f0e-9d5c-6c1f3a7e9a03",
};

const TAXONOMIES: [&Taxonomy; 3] = [&CWE, &ISO, &NIST];

/// A weakness or control. Ordered as [`TAXA`] has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Taxon(usize);

/// Taxonomy, id, title, and the signals that speak to it. The titles are those of CWE's list, of
/// Annex A, and of the framework's subcategories in short.
type Entry = (&'static Taxonomy, &'static str, &'static str, &'static [&'static str]);

const TAXA: &[Entry] = &[
    (&CWE, "CWE-259", "Use of Hard-coded Password", &[]),
    (&CWE, "CWE-312", "Cleartext Storage of Sensitive Information", &[]),
    (&CWE, "CWE-321", "Use of Hard-coded Cryptographic Key", &[]),
    (&CWE, "CWE-522", "Insufficiently Protected Credentials", &[]),
    (&CWE, "CWE-540", "Inclusion of Sensitive Information in Source Code", &[]),
    (&CWE, "CWE-615", "Inclusion of Sensitive Information in Source Code Comments", &[]),
    (&CWE, "CWE-798", "Use of Hard-coded Credentials", &[]),
    (&ISO, "A.5.3", "Segregation of duties", &["S20", "S21", "S22", "S51"]),
    (&ISO, "A.5.17", "Authentication information", &["S06", "S13"]),
    (&ISO, "A.5.18", "Access rights", &["S01", "S04", "S12", "S41"]),
    (&ISO, "A.8.2", "Privileged access rights", &["S11", "S41"]),
    (&ISO, "A.8.4", "Access to source code", &["S01", "S03", "S04", "S05", "S33"]),
    (&ISO, "A.8.12", "Data leakage prevention", &["S25", "S32", "S33", "S34", "S35"]),
    (&ISO, "A.8.28", "Secure coding", &["S34", "S35"]),
    (
        &NIST,
        "PR.AA-01",
        "Identities and credentials are managed by the organization",
        &["S01", "S05", "S06", "S16"],
    ),
    (
        &NIST,
        "PR.AA-05",
        "Access permissions are managed and incorporate least privilege and separation of duties",
        &["S01", "S04", "S11", "S12", "S20", "S21", "S22", "S41", "S51"],
    ),
    (&NIST, "PR.DS-01", "Data at rest is protected", &["S32", "S33"]),
    (
        &NIST,
        "PR.PS-06",
        "Secure software development practices are integrated",
        &["S20", "S21", "S22", "S34", "S35", "S51", "S52"],
    ),
    (
        &NIST,
        "DE.CM-03",
        "Personnel activity and technology usage are monitored to find potentially adverse events",
        &["S14", "S16", "S17", "S24", "S36", "S37", "S38", "S39", "S40"],
    ),
    (
        &NIST,
        "DE.CM-09",
        "Software, runtime environments and their data are monitored to find potentially adverse \
         events",
        &["S15", "S34", "S35", "S52"],
    ),
];

fn taxon(id: &str) -> Taxon {
    let at = TAXA.iter().position(|(_, known, ..)| *known == id);
    Taxon(at.expect("every id that is named is in TAXA"))
}

/// The weaknesses of every secret of this rule, by what kind of secret it finds.
fn weaknesses(rule: &RuleInfo) -> BTreeSet<Taxon> {
    let is = |words: &[&str]| {
        let tagged = rule.tags.iter().any(|tag| words.contains(&tag.as_str()));
        tagged || words.iter().any(|word| rule.id.contains(word))
    };
    let kind = if is(&["private-key", "signing-key", "encryption-key", "key-store", "master-key"])
        || rule.tags.iter().any(|tag| tag == "key")
    {
        "CWE-321"
    } else if is(&["password", "passphrase"]) {
        "CWE-259"
    } else {
        "CWE-522"
    };
    ["CWE-798", "CWE-312", "CWE-540", kind].map(taxon).into_iter().collect()
}

/// What every secret of this rule is about.
fn of_rule(rule: &RuleInfo) -> BTreeSet<Taxon> {
    let mut taxa = weaknesses(rule);
    taxa.extend(["A.5.17", "PR.AA-01"].map(taxon));
    taxa
}

/// Tags by which code scanning knows a rule's weaknesses, the most telling first.
pub(super) fn tags(rule: &RuleInfo) -> Vec<String> {
    let first = taxon("CWE-798");
    let others = weaknesses(rule).into_iter().filter(|taxon| *taxon != first);
    let number = |taxon: Taxon| taxon.id().trim_start_matches("CWE-");
    std::iter::once(first)
        .chain(others)
        .map(|taxon| format!("external/cwe/cwe-{}", number(taxon)))
        .collect()
}

/// How a rule relates to [`of_rule`].
pub(super) fn relationships(rule: &RuleInfo) -> Vec<ReportingDescriptorRelationship> {
    let relationship = |taxon: Taxon| {
        let kind = if taxon.taxonomy().name == CWE.name { "superset" } else { "relevant" };
        let mut relationship =
            ReportingDescriptorRelationship::builder().target(taxon.reference()).build();
        relationship.kinds = Some(vec![kind.to_owned()]);
        relationship
    };
    of_rule(rule).into_iter().map(relationship).collect()
}

/// What a result speaks to beyond its rule: a comment that holds the secret, and the controls of what
/// its card observed, if there is one to show.
pub(super) fn of_result(reported: &Reported, card: Option<&Card>) -> BTreeSet<Taxon> {
    let mut taxa = BTreeSet::new();
    if reported.places.first().is_some_and(in_comment) {
        taxa.insert(taxon("CWE-615"));
    }
    let seen: BTreeSet<&str> =
        card.iter().flat_map(|card| &card.observations).map(|line| line.signal.as_str()).collect();
    let speaks = |(at, (.., signals)): (usize, &Entry)| {
        signals.iter().any(|signal| seen.contains(signal)).then_some(Taxon(at))
    };
    taxa.extend(TAXA.iter().enumerate().filter_map(speaks));
    taxa
}

/// Whether the line is a comment in most languages. A number sign begins a heading in Markdown.
fn in_comment(place: &Place) -> bool {
    let line = place.excerpt.trim_start();
    let file = matches!(place.kind, ContentKind::Blob | ContentKind::File);
    let path = place.path.as_deref().unwrap_or_default();
    let prose = [&b".md"[..], b".markdown", b".mdx"].iter().any(|end| path.ends_with(end));
    let number_sign = line.starts_with('#') && !line.starts_with("#!") && !prose;
    file && (number_sign || ["//", "/*", "<!--"].iter().any(|start| line.starts_with(start)))
}

/// References to `taxa`; none where there are none.
pub(super) fn references(taxa: &BTreeSet<Taxon>) -> Option<Vec<ReportingDescriptorReference>> {
    (!taxa.is_empty()).then(|| taxa.iter().map(|taxon| taxon.reference()).collect())
}

impl Taxon {
    fn taxonomy(self) -> &'static Taxonomy {
        TAXA.get(self.0).map_or(&CWE, |(taxonomy, ..)| taxonomy)
    }

    fn id(self) -> &'static str {
        TAXA.get(self.0).map_or("", |(_, id, ..)| id)
    }

    fn reference(self) -> ReportingDescriptorReference {
        let component = self.taxonomy().reference();
        let mut reference = ReportingDescriptorReference::builder().build();
        reference.id = Some(self.id().to_owned());
        reference.tool_component = Some(component);
        reference
    }

    fn descriptor(self) -> ReportingDescriptor {
        let title = TAXA.get(self.0).map_or("", |(_, _, title, _)| title);
        let text = MultiformatMessageString::from(&title.to_owned());
        let mut descriptor =
            ReportingDescriptor::builder().id(self.id()).short_description(text).build();
        descriptor.help_uri = self
            .id()
            .strip_prefix("CWE-")
            .map(|number| format!("https://cwe.mitre.org/data/definitions/{number}.html"));
        descriptor
    }
}

impl Taxonomy {
    fn reference(&self) -> ToolComponentReference {
        let mut reference = ToolComponentReference::builder().build();
        reference.name = Some(self.name.to_owned());
        reference.guid = Some(self.guid.to_owned());
        reference
    }
}

/// The taxonomies of a run, each with what the run refers to, and references to them.
pub(super) fn of_run<'a>(
    items: impl Iterator<Item = (&'a Reported, Option<&'a Card>)>,
) -> (Vec<ToolComponent>, Vec<ToolComponentReference>) {
    let mut used: BTreeSet<Taxon> = BTreeSet::new();
    let mut rules: BTreeSet<&str> = BTreeSet::new();
    for (reported, card) in items {
        if rules.insert(&reported.finding.rule.id) {
            used.extend(of_rule(&reported.finding.rule));
        }
        used.extend(of_result(reported, card));
    }
    let mut components = Vec::new();
    let mut references = Vec::new();
    for taxonomy in TAXONOMIES {
        let own = used.iter().filter(|taxon| taxon.taxonomy().name == taxonomy.name);
        let taxa: Vec<ReportingDescriptor> = own.map(|taxon| taxon.descriptor()).collect();
        if taxa.is_empty() {
            continue;
        }
        let mut component = ToolComponent::builder()
            .name(taxonomy.name)
            .full_name(taxonomy.full_name)
            .organization(taxonomy.organization)
            .version(taxonomy.version)
            .information_uri(taxonomy.page)
            .guid(taxonomy.guid)
            .taxa(taxa)
            .build();
        component.is_comprehensive = Some(false);
        components.push(component);
        references.push(taxonomy.reference());
    }
    (components, references)
}
