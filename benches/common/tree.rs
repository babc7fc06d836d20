//! Real files for benches.

/// Most bytes of real files.
const TREE: usize = 256 << 20;

/// The text files below `LEAKTRACE_BENCH_TREE`, else below this repository's sources, in order of
/// their paths; binaries and what is larger than a megabyte are left out.
pub fn files() -> Vec<Vec<u8>> {
    let given = std::env::var_os("LEAKTRACE_BENCH_TREE");
    let root = given.map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        std::path::PathBuf::from,
    );
    let mut folders = vec![root];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => paths.push(entry.path()),
                _ => {}
            }
        }
    }
    paths.sort();
    let mut files = Vec::new();
    let mut total = 0;
    for path in paths {
        let Ok(bytes) = std::fs::read(path) else { continue };
        if bytes.len() <= 1 << 20 && !bytes.contains(&0) && total + bytes.len() <= TREE {
            total += bytes.len();
            files.push(bytes);
        }
    }
    files
}
