//! Signing keys made with ssh-keygen, in the place of fingerprints that the generator made up.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::common::{run, scrubbed};
use crate::organisation::Organisation;

/// Where the private key of each fingerprint lies.
pub struct Keys(BTreeMap<String, PathBuf>);

impl Keys {
    /// Makes a key for every fingerprint of the organisation, and puts its own in that one's place.
    pub fn make(folder: &Path, organisation: &mut Organisation) -> Keys {
        fs::create_dir_all(folder).expect("a folder");
        let mut real: BTreeMap<String, String> = BTreeMap::new();
        let mut paths = BTreeMap::new();
        let mut exchange = |fingerprint: &mut String| {
            let known = real.len();
            let own = real.entry(fingerprint.clone()).or_insert_with(|| {
                let path = folder.join(format!("key-{known}"));
                let own = make(&path);
                paths.insert(own.clone(), path);
                own
            });
            fingerprint.clone_from(own);
        };
        for worker in &mut organisation.staff.workers {
            worker.keys.iter_mut().for_each(|key| exchange(&mut key.fingerprint));
        }
        for event in &mut organisation.events {
            event.key.iter_mut().for_each(&mut exchange);
        }
        Keys(paths)
    }

    /// The signature of a commit by a key, as git writes it into a header: by ssh-keygen, or where
    /// thousands are to be made by the library.
    pub fn sign(&self, fingerprint: &str, payload: &[u8], by_program: bool) -> String {
        let key = self.0.get(fingerprint).expect("a key that was made");
        let armour = if by_program { by_keygen(key, payload) } else { by_library(key, payload) };
        format!("gpgsig {}\n", armour.trim_end().replace('\n', "\n "))
    }
}

fn by_library(key: &Path, payload: &[u8]) -> String {
    let key = ssh_key::PrivateKey::read_openssh_file(key).expect("a key");
    let signature = key.sign("git", ssh_key::HashAlg::Sha512, payload).expect("signed");
    signature.to_pem(ssh_key::LineEnding::LF).expect("armour")
}

fn by_keygen(key: &Path, payload: &[u8]) -> String {
    let mut command = keygen(key);
    let command = command.args(["-Y", "sign", "-n", "git", "-f"]).arg(key);
    let (code, signature, why) = run(command, payload);
    assert_eq!(code, Some(0), "ssh-keygen: {}", String::from_utf8_lossy(&why));
    String::from_utf8(signature).expect("armour is text")
}

fn keygen(key: &Path) -> Command {
    let mut command = scrubbed("ssh-keygen", key.parent().expect("a folder"));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).stderr(Stdio::piped());
    command
}

/// Makes a key; gives its fingerprint.
fn make(path: &Path) -> String {
    let made =
        keygen(path).args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(path).status();
    assert!(made.expect("ssh-keygen is installed").success());
    let public = fs::read_to_string(path.with_extension("pub")).expect("a public key");
    let blob = public.split_whitespace().nth(1).expect("OpenSSH's form");
    let blob = BASE64_STANDARD.decode(blob).expect("base64");
    format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}
