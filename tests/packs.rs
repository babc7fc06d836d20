//! Packs that lie: each fault is an error that names the object, and the rest of the store is
//! scanned.

mod common;
#[path = "common/pack.rs"]
mod pack;

use common::{Repo, Report, Scratch, lines, token};
use pack::{Entry, Header, Op, delta, name};

/// A repository with one good commit and a pack with these entries and a secret beside them.
fn scan(entries: Vec<Entry>) -> Report {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let kept = token("kept");
    repo.commit_file("a.env", format!("A={kept}\n"), "One");
    with_pack(&repo, entries);
    let report = repo.report(&["--history-only"]);
    report.assert_only(&[&kept, &token("beside")]);
    report
}

fn with_pack(repo: &Repo<'_>, mut entries: Vec<Entry>) {
    entries.push(Entry::blob(name(0xee), format!("B={}\n", token("beside"))));
    pack::write(&repo.git_dir().join("objects/pack"), &entries);
}

fn assert_named(report: &Report, ids: &[u8]) {
    assert_eq!(report.code, Some(2));
    let named = report.gap_names("corrupt-object");
    for id in ids {
        assert!(named.contains(&name(*id).to_string()), "{id:x} in {named}");
    }
}

#[test]
fn deltas_of_each_other_are_named() {
    let copy = || delta(5, 5, &[Op::Copy(0, 5)]);
    let report = scan(vec![
        Entry::delta(name(1), name(2), copy()),
        Entry::delta(name(2), name(3), copy()),
        Entry::delta(name(3), name(1), copy()),
        Entry::delta(name(4), name(4), copy()),
    ]);
    assert_named(&report, &[1, 2, 3, 4]);
}

#[test]
fn bases_that_are_not_there_are_named() {
    let copy = || delta(5, 5, &[Op::Copy(0, 5)]);
    let far = Entry { header: Header::Offset(1 << 40), ..Entry::delta(name(2), name(2), copy()) };
    let inside = Entry { header: Header::Offset(3), ..Entry::delta(name(3), name(3), copy()) };
    let itself = Entry { header: Header::Offset(0), ..Entry::delta(name(4), name(4), copy()) };
    let report = scan(vec![Entry::delta(name(1), name(9), copy()), far, inside, itself]);
    assert_named(&report, &[1, 2, 3, 4]);
}

#[test]
fn deltas_that_do_not_fit_are_named_with_all_that_is_made_from_them() {
    let good = token("good");
    let blob = format!("C={good}\n");
    let size = blob.len() as u64;
    let near_end = u32::try_from(size).expect("short") - 5;
    let beyond = delta(size, 10, &[Op::Copy(near_end, 10)]);
    let inserted = Op::Insert(b"xx".to_vec());
    let other_base = delta(size + 1, 3, &[Op::Copy(0, 3)]);
    let too_long = delta(size, 5, &[Op::Copy(0, 4), inserted]);
    let too_short = delta(size, 5, &[Op::Copy(0, 4)]);
    let reserved = [delta(size, 3, &[Op::Copy(0, 3)]), vec![0]].concat();
    let entries = [beyond, other_base, too_long, too_short, reserved, vec![0x80; 12]];
    let mut entries: Vec<Entry> =
        (0x10..).zip(entries).map(|(id, bytes)| Entry::delta(name(id), name(1), bytes)).collect();
    let made = delta(10, 10, &[Op::Copy(0, 10)]);
    entries.push(Entry::delta(name(0x20), name(0x10), made));
    entries.push(Entry::blob(name(1), blob));
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    with_pack(&repo, entries);
    let report = repo.report(&["--history-only"]);
    report.assert_only(&[&good, &token("beside")]);
    assert_named(&report, &[0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20]);
}

#[test]
fn sizes_that_lie_are_named() {
    let text = b"nothing to see here".to_vec();
    let said = |id, said| Entry { said: Some(said), ..Entry::blob(name(id), text.clone()) };
    let report = scan(vec![said(1, 5), said(2, 500), said(3, 0), said(4, 200_000_000)]);
    assert_named(&report, &[1, 2, 3, 4]);
    let odd =
        |id, kind| Entry { header: Header::Whole(kind), ..Entry::blob(name(id), text.clone()) };
    assert_named(&scan(vec![odd(5, 0), odd(6, 5)]), &[5, 6]);
}

#[test]
fn objects_that_unpack_to_more_than_the_limit_cost_nothing() {
    let blob = vec![b'x'; 1000];
    // A few bytes that say they make 2^50 bytes, and some that really make half a gigabyte.
    let lie = delta(1000, 1 << 50, &[Op::Copy(0, 1000)]);
    let bomb = delta(1000, 500 << 20, &vec![Op::Copy(0, 1000); 524_288]);
    let whole = Entry { said: Some(1 << 50), ..Entry::blob(name(4), b"x".to_vec()) };
    let entries = vec![
        Entry::blob(name(1), blob),
        Entry::delta(name(2), name(1), lie),
        Entry::delta(name(3), name(1), bomb),
        whole,
    ];
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    with_pack(&repo, entries);
    let report = repo.report(&["--history-only", "--max-file-size", "64MiB"]);
    assert_eq!(report.code, Some(2));
    report.assert_only(&[&token("beside")]);
    assert_eq!(report.gaps("over-size"), 3, "{}", report.json);
}

/// Versions of a few files: lines come, go and move, secrets are split, joined and moved, files are
/// renamed.
fn history(repo: &Repo<'_>, seed: u64) {
    let mut state = seed;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    let text = lines(60, |n| format!("line {n} of a file that says little: {}", n * n));
    let mut files: Vec<Vec<String>> =
        (0..3).map(|_| text.lines().map(str::to_owned).collect()).collect();
    let mut names: Vec<String> = (0..3).map(|file| format!("d{file}/f{file}.txt")).collect();
    for commit in 0..40 {
        for _ in 0..=next(3) {
            let file = next(files.len());
            let lines = &mut files[file];
            let at = next(lines.len().max(1)).min(lines.len());
            match next(9) {
                0 => lines.insert(at, format!("token = {}", token(&format!("t{}", next(5))))),
                1 => lines.insert(at, format!("x = \"{}\"", common::render("<<base62:24>>", "x"))),
                2 => {
                    let token = token(&format!("t{}", next(5)));
                    let encoded = common::hex(format!("the token is {token}").as_bytes());
                    lines.insert(at, format!("data: {encoded}"));
                }
                3 if at < lines.len() => {
                    // Split a line, as an edit in the middle of a secret does.
                    let cut = next(lines[at].len() + 1);
                    let rest = lines[at].split_off(cut);
                    lines.insert(at + 1, rest);
                }
                4 if at + 1 < lines.len() => {
                    let rest = lines.remove(at + 1);
                    lines[at].push_str(&rest);
                }
                5 if at < lines.len() => drop(lines.remove(at)),
                6 if at + 8 < lines.len() => {
                    let moved: Vec<String> = lines.drain(at..at + 8).collect();
                    let to = next(lines.len() + 1);
                    lines.splice(to..to, moved);
                }
                7 => {
                    std::fs::remove_file(repo.path.join(&names[file])).ok();
                    names[file] = format!("e{}/g{commit}.txt", next(3));
                }
                _ => lines.insert(at, format!("changed in {commit}")),
            }
        }
        for (name, lines) in names.iter().zip(&files) {
            repo.write(name, lines.join("\n") + "\n");
        }
        repo.commit(&format!("Commit {commit}"));
    }
}

/// Loose objects are scanned whole, packed ones by their changes; at no depth and with no window of
/// packing does that make a difference.
#[test]
fn however_a_history_is_packed_the_report_is_the_same() {
    for seed in [1, 2, 3] {
        let scratch = Scratch::new();
        let repo = scratch.init("r", &[]);
        history(&repo, seed);
        let loose = repo.report(&["--history-only"]);
        loose.assert_complete();
        assert!(loose.findings().len() >= 3);
        for (depth, window) in [(1, 2), (3, 10), (50, 10), (250, 100), (4095, 250)] {
            let (depth, window) = (format!("--depth={depth}"), format!("--window={window}"));
            repo.git(&["repack", "-adfq", &depth, &window]);
            let packed = repo.report(&["--history-only"]);
            assert_eq!(packed.json, loose.json, "seed {seed} {depth} {window}");
        }
    }
}

#[test]
fn a_small_object_made_from_a_large_one_is_read() {
    let secret = token("small");
    let large = format!("{}A={secret}\n", lines(2000, |n| format!("line {n} of many")));
    let at = u32::try_from(large.len() - secret.len() - 3).expect("short");
    let length = secret.len() + 3;
    let made = delta(
        large.len() as u64,
        length as u64,
        &[Op::Copy(at, u32::try_from(length).expect("short"))],
    );
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    repo.commit_file("a.txt", "nothing\n", "One");
    let entries = vec![Entry::blob(name(1), large), Entry::delta(name(2), name(1), made)];
    with_pack(&repo, entries);
    let report = repo.report(&["--history-only", "--max-file-size", "10000"]);
    report.assert_only(&[&secret, &token("beside")]);
    assert_eq!(report.code, Some(2));
    let named = report.gap_names("over-size");
    assert!(named.contains(&name(1).to_string()), "{named}");
    assert!(!named.contains(&name(2).to_string()), "{named}");
}

#[test]
fn an_index_that_lists_fewer_objects_than_its_pack_has_is_named() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let kept = token("kept");
    repo.commit_file("a.env", format!("A={kept}\n"), "One");
    let folder = repo.git_dir().join("objects/pack");
    // A pack of two entries under the index of a pack of one.
    pack::write(&folder, &[Entry::blob(name(1), "one\n"), Entry::blob(name(2), "two\n")]);
    let whole = repo.pack_files("pack");
    let [pack_path] = whole.as_slice() else { panic!("one pack") };
    let bytes = std::fs::read(pack_path).expect("readable");
    let index = pack_path.with_extension("idx");
    let other = scratch.root().join("other");
    std::fs::create_dir_all(&other).expect("a folder");
    pack::write(&other, &[Entry::blob(name(2), "two\n")]);
    let entries = std::fs::read_dir(&other).expect("readable").flatten();
    let short =
        entries.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "idx"));
    std::fs::copy(short.expect("an index"), &index).expect("replaced");
    std::fs::write(pack_path, bytes).expect("as it was");
    let report = repo.report(&["--history-only"]);
    assert!(report.has(&kept));
    assert_eq!(report.code, Some(2));
    assert!(report.gap_names("corrupt-pack").contains("its index lists 1"));
}

#[test]
fn deltas_that_grow_without_end_are_named_and_not_made() {
    // Each copies the one before sixteen times over.
    let mut entries = vec![Entry::blob(name(1), "x".repeat(1024))];
    let mut size = 1024u32;
    for byte in 2..8u8 {
        let ops: Vec<Op> = (0..16).map(|_| Op::Copy(0, size)).collect();
        let made = delta(size.into(), u64::from(size) * 16, &ops);
        entries.push(Entry::delta(name(byte), name(byte - 1), made));
        size = size.saturating_mul(16);
        if size > 200 << 20 {
            break;
        }
    }
    let report = scan(entries);
    assert_named(&report, &[6]);
    assert!(report.gap_names("corrupt-object").contains("stored ones"));
}

#[test]
fn a_large_object_made_from_one_in_another_place_is_no_bomb() {
    let scratch = Scratch::new();
    let repo = scratch.init("r", &[]);
    let base = "nothing to see here\n".repeat((34 << 20) / 20);
    let id = repo.blob(&base);
    let id = gix::ObjectId::from_hex(id.as_bytes()).expect("an id");
    let secret = token("large");
    let line = format!("A={secret}\n").into_bytes();
    let size = base.len() as u64;
    let short = |size: u64| u32::try_from(size).expect("short");
    let pieces = (0..size).step_by(8 << 20);
    let pieces = pieces.map(|at| Op::Copy(short(at), short((size - at).min(8 << 20))));
    let ops: Vec<Op> = pieces.chain([Op::Insert(line.clone())]).collect();
    let made = delta(size, size + line.len() as u64, &ops);
    pack::write(&repo.git_dir().join("objects/pack"), &[Entry::delta(name(1), id, made)]);
    let report = repo.report(&["--history-only"]);
    report.assert_only(&[&secret]);
    report.assert_complete();
}
