//! What was found, without the values: a secret is named by where one copy of it stands, and each
//! match by its secret, rule and place.

use std::collections::{BTreeMap, HashMap};

use gix::ObjectId;

use super::codec::{Damaged, Reader, Writer};
use super::file::Key;
use super::layers::{read_layer, write_layer};
use super::needles::{Needles, Piece};
use super::recording::KINDS;
use crate::finding::inline::{InlineAllow, InlinePlace};
use crate::model::{Confidence, ContentId, ContentKind, Fact, Layer, LayerPath, Position, Secret};
use crate::pipeline::collect::Hit;

/// Where one copy of a secret stands.
#[derive(Debug, Clone, Copy)]
pub struct Copy {
    /// Kind of the object.
    pub kind: ContentKind,
    /// Its number then.
    pub number: u32,
    /// Where the secret's bytes are in a blob, when they stand there as they are.
    pub plain: Option<(usize, usize)>,
}

/// A secret without its value.
pub struct Named {
    /// A keyed hash of it.
    pub mac: [u8; 16],
    /// How many of its first bytes are no secret.
    pub public_prefix: usize,
    /// Where one copy stands.
    pub copy: Copy,
}

/// What many matches have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sort {
    /// Place of the secret among the secrets.
    pub secret: u32,
    /// Place of the rule in the rule set of then.
    pub rule: u32,
    /// How sure.
    pub confidence: Confidence,
    /// What was learnt.
    pub facts: Vec<Fact>,
    /// Through which layers.
    pub layers: LayerPath,
}

/// One match.
pub struct Stored {
    /// Place among the sorts.
    pub sort: u32,
    /// Where in the content.
    pub position: Position,
    /// Place of the excerpt among the texts.
    pub excerpt: u32,
    /// A comment: where it stands, and the place of its reason among the texts.
    pub allow: Option<(InlinePlace, u32)>,
}

/// An object with matches; without any when it is to be searched again.
pub struct Content {
    /// Kind of the object.
    pub kind: ContentKind,
    /// Its number then.
    pub number: u32,
    /// What was found in it.
    pub stored: Vec<Stored>,
}

/// A text with the secrets taken out.
#[derive(Debug, Default)]
pub struct Text {
    /// Text and the place of the secret that follows it.
    parts: Vec<(Vec<u8>, u32)>,
    /// What follows the last secret.
    end: Vec<u8>,
}

impl Text {
    /// The whole text; none when a secret is not known.
    fn whole(&self, secrets: &BTreeMap<u32, Secret>) -> Option<String> {
        let mut whole = Vec::new();
        for (before, secret) in &self.parts {
            whole.extend_from_slice(before);
            whole.extend_from_slice(secrets.get(secret)?.expose());
        }
        whole.extend_from_slice(&self.end);
        String::from_utf8(whole).ok()
    }
}

/// All that was found.
#[derive(Default)]
pub struct Matches {
    /// The secrets.
    pub secrets: Vec<Named>,
    /// What matches have in common.
    pub sorts: Vec<Sort>,
    /// Excerpts and reasons.
    pub texts: Vec<Text>,
    /// Objects.
    pub contents: Vec<Content>,
}

/// The keyed hash that a secret is known by.
pub fn mac(key: &Key, secret: &Secret) -> [u8; 16] {
    let mac = key.mac(&[b"secret\0", secret.expose()]);
    std::array::from_fn(|at| mac[at])
}

/// The number that a state writes for a kind of object.
fn kind_number(kind: ContentKind) -> u64 {
    KINDS.iter().position(|known| *known == kind).unwrap_or(0) as u64
}

fn read_kind(from: &mut Reader<'_>) -> Result<ContentKind, Damaged> {
    let number = usize::try_from(from.number()?).map_err(|_| Damaged)?;
    KINDS.get(number).copied().ok_or(Damaged)
}

/// Gathers what is to be written.
pub struct Gathering<'a> {
    key: &'a Key,
    needles: &'a Needles,
    /// Copies that are known from the state before.
    copies: BTreeMap<[u8; 16], Copy>,
    secrets: HashMap<Secret, u32>,
    sorts: HashMap<Sort, u32>,
    texts: HashMap<String, u32>,
    matches: Matches,
}

impl<'a> Gathering<'a> {
    /// Nothing yet. Of texts that repeat one of `needles` the rest is kept; `copies` are where
    /// secrets were read this time, by their keyed hashes.
    pub fn new(
        key: &'a Key,
        needles: &'a Needles,
        copies: BTreeMap<[u8; 16], Copy>,
    ) -> Gathering<'a> {
        Gathering {
            key,
            needles,
            copies,
            secrets: HashMap::new(),
            sorts: HashMap::new(),
            texts: HashMap::new(),
            matches: Matches::default(),
        }
    }

    /// Takes note of the secrets in an object. All objects come here before the first is added.
    pub fn meet(&mut self, kind: ContentKind, number: u32, hits: &[Hit]) {
        for Hit { found, .. } in hits {
            let plain = found.span.clone().filter(|_| kind == ContentKind::Blob);
            let plain = plain.filter(|_| found.layers.is_empty());
            let plain = plain.map(|span| (span.start, span.end));
            self.secret(&found.secret, Copy { kind, number, plain });
        }
    }

    /// Adds what was found in an object; it is to be searched again when that cannot be kept.
    pub fn add(&mut self, kind: ContentKind, number: u32, hits: &[Hit]) {
        let stored = hits.iter().map(|hit| self.store(hit)).collect();
        let stored: Option<Vec<Stored>> = stored;
        self.matches.contents.push(Content { kind, number, stored: stored.unwrap_or_default() });
    }

    fn store(&mut self, hit: &Hit) -> Option<Stored> {
        let found = &hit.found;
        let says = |text: &str| self.needles.are_in(text.as_bytes());
        let layers = found.layers.iter().any(|layer| match layer {
            Layer::Zip(name) | Layer::Tar(name) => self.needles.are_in(name),
            _ => false,
        });
        let facts = found
            .facts
            .iter()
            .any(|fact| Fact::known_name(&fact.name).is_none() || says(&fact.value));
        if layers || facts {
            return None;
        }
        let excerpt = self.text(&found.excerpt)?;
        let allow = match &hit.allow {
            Some(allow) => Some((allow.place, self.text(&allow.reason)?)),
            None => None,
        };
        let secret = *self.secrets.get(&found.secret)?;
        let sort = Sort {
            secret,
            rule: found.rule,
            confidence: found.confidence,
            facts: found.facts.clone(),
            layers: found.layers.clone(),
        };
        let next = u32::try_from(self.matches.sorts.len()).ok()?;
        let sort = *self.sorts.entry(sort).or_insert_with_key(|sort| {
            self.matches.sorts.push(sort.clone());
            next
        });
        Some(Stored { sort, position: found.position, excerpt, allow })
    }

    fn secret(&mut self, secret: &Secret, copy: Copy) -> Option<u32> {
        if let Some(known) = self.secrets.get(secret) {
            // A copy that can be cut out is read faster than one that must be searched for.
            if let Some(named) = self.matches.secrets.get_mut(*known as usize)
                && named.copy.plain.is_none()
                && copy.plain.is_some()
            {
                named.copy = copy;
            }
            return Some(*known);
        }
        let number = u32::try_from(self.matches.secrets.len()).ok()?;
        let public_prefix = secret.preview().len().saturating_sub("***".len());
        let mac = mac(self.key, secret);
        let copy = self.copies.get(&mac).copied().unwrap_or(copy);
        self.matches.secrets.push(Named { mac, public_prefix, copy });
        self.secrets.insert(secret.clone(), number);
        Some(number)
    }

    /// A text's place; none when it may not be kept.
    fn text(&mut self, text: &str) -> Option<u32> {
        if let Some(known) = self.texts.get(text) {
            return Some(*known).filter(|known| *known != u32::MAX);
        }
        let number = match self.take_out(text) {
            None => u32::MAX,
            Some(text) => {
                self.matches.texts.push(text);
                u32::try_from(self.matches.texts.len() - 1).ok()?
            }
        };
        self.texts.insert(text.to_owned(), number);
        Some(number).filter(|number| *number != u32::MAX)
    }

    fn take_out(&self, text: &str) -> Option<Text> {
        let mut taken = Text::default();
        for piece in self.needles.take_out(text.as_bytes())? {
            match piece {
                Piece::Plain(bytes) => taken.end = bytes.to_vec(),
                Piece::Secret(secret) => {
                    let before = std::mem::take(&mut taken.end);
                    taken.parts.push((before, *self.secrets.get(secret)?));
                }
            }
        }
        Some(taken)
    }

    /// Everything, to be written.
    pub fn finish(self) -> Writer {
        let mut to = Writer::default();
        let Matches { secrets, sorts, texts, mut contents } = self.matches;
        to.count(texts.len());
        for Text { parts, end } in &texts {
            to.count(parts.len());
            for (before, secret) in parts {
                to.text(before);
                to.number((*secret).into());
            }
            to.text(end);
        }
        to.count(secrets.len());
        for Named { mac, public_prefix, copy } in &secrets {
            to.raw(mac);
            to.count(*public_prefix);
            to.number(kind_number(copy.kind));
            to.number(copy.number.into());
            // An end of 0 says that the place is not known.
            let (start, end) = copy.plain.unwrap_or_default();
            to.count(start);
            to.count(end);
        }
        to.count(sorts.len());
        for sort in &sorts {
            write_sort(sort, &mut to);
        }
        contents.sort_by_key(|content| (content.kind, content.number));
        to.count(contents.len());
        for content in &contents {
            write_content(content, &mut to);
        }
        to
    }
}

fn write_sort(sort: &Sort, to: &mut Writer) {
    to.number(sort.secret.into());
    to.number(sort.rule.into());
    to.count(Confidence::ALL.iter().position(|one| *one == sort.confidence).unwrap_or(0));
    to.count(sort.facts.len());
    for fact in &sort.facts {
        to.text(fact.name.as_bytes());
        to.text(fact.value.as_bytes());
    }
    to.count(sort.layers.len());
    for layer in &sort.layers {
        write_layer(layer, to);
    }
}

fn write_content(content: &Content, to: &mut Writer) {
    to.number(kind_number(content.kind));
    to.number(content.number.into());
    to.count(content.stored.len());
    for stored in &content.stored {
        let Position { line, column, end_line, end_column } = stored.position;
        to.number(stored.sort.into());
        to.number(line.into());
        to.number(column.into());
        to.number(end_line.wrapping_sub(line).into());
        to.number(end_column.into());
        to.number(stored.excerpt.into());
        match stored.allow {
            None => to.number(0),
            Some((place, reason)) => {
                to.number(match place {
                    InlinePlace::Above => 1,
                    InlinePlace::First => 2,
                    InlinePlace::Last => 3,
                });
                to.number(reason.into());
            }
        }
    }
}

impl Matches {
    /// Reads what [`Gathering::finish`] wrote. Every place in it is one that there is.
    pub fn read(mut from: Reader<'_>) -> Result<Matches, Damaged> {
        let texts: Vec<Text> =
            (0..from.count()?).map(|_| read_text(&mut from)).collect::<Result<_, _>>()?;
        let secrets: Vec<Named> =
            (0..from.count()?).map(|_| read_named(&mut from)).collect::<Result<_, _>>()?;
        let sorts: Vec<Sort> =
            (0..from.count()?).map(|_| read_sort(&mut from)).collect::<Result<_, _>>()?;
        let sound = sorts.iter().all(|sort| (sort.secret as usize) < secrets.len());
        let limits = (sorts.len(), texts.len());
        let contents: Vec<Content> = (0..from.count()?)
            .map(|_| read_content(&mut from, limits))
            .collect::<Result<_, _>>()?;
        if sound && from.is_at_end() {
            Ok(Matches { secrets, sorts, texts, contents })
        } else {
            Err(Damaged)
        }
    }

    /// What stands in an object now that `secrets` are known and rules have the places `rules`;
    /// none when one of them is not.
    pub fn hits(
        &self,
        content: &Content,
        secrets: &BTreeMap<u32, Secret>,
        rules: &[Option<u32>],
    ) -> Option<Vec<Hit>> {
        let hit = |stored: &Stored| {
            let sort = self.sorts.get(stored.sort as usize)?;
            let text = |at: u32| self.texts.get(at as usize)?.whole(secrets);
            let found = crate::engine::Match {
                rule: (*rules.get(sort.rule as usize)?)?,
                secret: secrets.get(&sort.secret)?.clone(),
                confidence: sort.confidence,
                facts: sort.facts.clone(),
                layers: sort.layers.clone(),
                position: stored.position,
                span: None,
                excerpt: text(stored.excerpt)?,
            };
            let allow = match stored.allow {
                Some((place, reason)) => Some(InlineAllow { reason: text(reason)?, place }),
                None => None,
            };
            Some(Hit { found, allow })
        };
        content.stored.iter().map(hit).collect()
    }
}

fn read_text(from: &mut Reader<'_>) -> Result<Text, Damaged> {
    let parts = (0..from.count()?).map(|_| Ok((from.text()?.to_vec(), from.small()?)));
    let parts = parts.collect::<Result<_, _>>()?;
    Ok(Text { parts, end: from.text()?.to_vec() })
}

fn read_named(from: &mut Reader<'_>) -> Result<Named, Damaged> {
    let mac = from.array()?;
    let size = |from: &mut Reader<'_>| usize::try_from(from.number()?).map_err(|_| Damaged);
    let public_prefix = size(from)?;
    let (kind, number) = (read_kind(from)?, from.small()?);
    let plain = Some((size(from)?, size(from)?)).filter(|(_, end)| *end > 0);
    Ok(Named { mac, public_prefix, copy: Copy { kind, number, plain } })
}

fn read_sort(from: &mut Reader<'_>) -> Result<Sort, Damaged> {
    let (secret, rule) = (from.small()?, from.small()?);
    let confidence = usize::try_from(from.number()?).map_err(|_| Damaged)?;
    let confidence = Confidence::ALL.get(confidence).copied().ok_or(Damaged)?;
    let facts = (0..from.count()?).map(|_| {
        let name = Fact::known_name(&from.string()?).ok_or(Damaged)?;
        Ok(Fact { name: name.into(), value: from.string()? })
    });
    let facts = facts.collect::<Result<_, _>>()?;
    let layers = (0..from.count()?).map(|_| read_layer(from)).collect::<Result<_, _>>()?;
    Ok(Sort { secret, rule, confidence, facts, layers })
}

fn read_content(from: &mut Reader<'_>, limits: (usize, usize)) -> Result<Content, Damaged> {
    let below = |number: u32, limit: usize| {
        if (number as usize) < limit { Ok(number) } else { Err(Damaged) }
    };
    let (kind, number) = (read_kind(from)?, from.small()?);
    let mut stored = Vec::new();
    for _ in 0..from.count()? {
        let sort = below(from.small()?, limits.0)?;
        let (line, column) = (from.small()?, from.small()?);
        let end_line = line.wrapping_add(from.small()?);
        let position = Position { line, column, end_line, end_column: from.small()? };
        let excerpt = below(from.small()?, limits.1)?;
        let place = match from.number()? {
            0 => None,
            1 => Some(InlinePlace::Above),
            2 => Some(InlinePlace::First),
            3 => Some(InlinePlace::Last),
            _ => return Err(Damaged),
        };
        let allow = match place {
            Some(place) => Some((place, below(from.small()?, limits.1)?)),
            None => None,
        };
        stored.push(Stored { sort, position, excerpt, allow });
    }
    Ok(Content { kind, number, stored })
}

/// The content that an object is.
pub fn content_id(kind: ContentKind, id: ObjectId) -> ContentId {
    ContentId::Object { kind, id }
}
