//! LDAP against a real slapd that each test starts in a folder of its own, on a free port of this
//! machine: pages, accounts as Active Directory keeps them, TLS, and what is refused.
#![allow(clippy::panic, clippy::doc_markdown)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use leaktrace::identity::sync::Source as _;
use leaktrace::identity::sync::ldap::{Ldap, Settings};
use leaktrace::identity::{
    Authority, Cursor, Error, HandleKind, Person, PersonType, Record, Sink, Status,
};
use leaktrace::model::Secret;

const BASE: &str = "ou=people,dc=corp,dc=example";
/// An account that may not read past the limit in pages either.
const POOR: &str = "cn=poor,dc=corp,dc=example";
const READER: &str = "cn=reader,dc=corp,dc=example";
/// More than two pages, and more than the server gives without pages.
const PEOPLE: usize = 1200;
/// The server's limit for one search, which paging goes past.
const LIMIT: usize = 600;

/// Attributes of Active Directory that OpenLDAP's own schemas lack, below an arc for examples.
const SCHEMA: &str = "
attributetype ( 2.16.840.1.113730.3.8888.1.1 NAME 'userAccountControl'
  EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 2.16.840.1.113730.3.8888.1.2 NAME 'accountExpires'
  EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 2.16.840.1.113730.3.8888.1.3 NAME 'sAMAccountName'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 2.16.840.1.113730.3.8888.1.4 NAME 'memberOf'
  EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
attributetype ( 2.16.840.1.113730.3.8888.1.5 NAME 'proxyAddresses'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 2.16.840.1.113730.3.8888.1.6 NAME 'objectGUID'
  EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 2.16.840.1.113730.3.8888.2.1 NAME 'exampleAccount' SUP top AUXILIARY
  MAY ( userAccountControl $ accountExpires $ sAMAccountName $ memberOf $ proxyAddresses $
        objectGUID ) )
";

/// Where Debian and others keep slapd, which is not on everybody's path.
fn tool(name: &str) -> PathBuf {
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    folders.extend(
        ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/lib/openldap"].map(PathBuf::from),
    );
    let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("`{name}` is not installed, and these tests need it: apt-get install slapd openssl")
    })
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().expect("starts");
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A slapd with people in it; stopped when dropped.
struct Slapd {
    child: Child,
    port: u16,
    tls_port: u16,
    /// The reader's password.
    password: String,
    folder: tempfile::TempDir,
}

impl Slapd {
    fn start() -> Slapd {
        let slapd = tool("slapd");
        let folder = tempfile::tempdir().expect("a folder");
        let password = random();
        certificates(folder.path());
        let config = configuration(folder.path());
        load(folder.path(), &config, &password);
        let [port, tls_port] = free_ports();
        let urls = format!("ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/");
        // With `-d` slapd stays in the foreground, so that it can be stopped.
        let child = Command::new(slapd)
            .args(["-d", "0", "-h", &urls, "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("slapd starts");
        let mut slapd = Slapd { child, port, tls_port, password, folder };
        slapd.wait();
        slapd
    }

    fn wait(&mut self) {
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.tls_port)).is_err() {
            let ended = self.child.try_wait().expect("a process");
            assert!(ended.is_none(), "slapd ended: {ended:?}");
            assert!(Instant::now() < until, "slapd does not listen");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            url: format!("ldap://127.0.0.1:{}", self.port),
            bind_dn: Some(READER.to_owned()),
            password: Some(Secret::new(self.password.clone().into_bytes())),
            base: BASE.to_owned(),
            ..Settings::default()
        }
    }

    fn over_tls(&self) -> Settings {
        Settings {
            url: format!("ldaps://localhost:{}", self.tls_port),
            ca_file: Some(self.folder.path().join("ca.pem")),
            ..self.settings()
        }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn random() -> String {
    let output = run(Command::new(tool("openssl")).args(["rand", "-hex", "16"]));
    String::from_utf8(output.stdout).expect("hexadecimal").trim().to_owned()
}

/// Two ports that nobody listened at a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// An authority, a certificate of it for localhost, and another authority.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        run(Command::new(tool("openssl")).args(arguments.split(' ')).current_dir(folder));
    };
    for name in ["ca", "other"] {
        openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
             -subj /CN={name} -keyout {name}.key -out {name}.pem"
        ));
    }
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
         -keyout server.key -out server.csr",
    );
    fs::write(
        folder.join("server.ext"),
        "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n",
    )
    .expect("written");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile server.ext -out server.pem",
    );
}

fn configuration(folder: &Path) -> PathBuf {
    fs::create_dir(folder.join("data")).expect("a folder");
    fs::write(folder.join("account.schema"), SCHEMA).expect("written");
    let schemas = ["/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema"];
    let schemas = schemas.iter().find(|path| Path::new(path).is_dir()).expect("slapd's schemas");
    let own = folder.display();
    let mut config = String::new();
    for name in ["core", "cosine", "inetorgperson"] {
        let _ = writeln!(config, "include {schemas}/{name}.schema");
    }
    let _ = writeln!(config, "include {own}/account.schema\npidfile {own}/slapd.pid");
    let modules = ["/usr/lib/ldap", "/usr/lib64/openldap", "/usr/libexec/openldap"];
    if let Some(path) = modules.iter().find(|path| Path::new(path).join("back_mdb.la").is_file()) {
        let _ = writeln!(config, "modulepath {path}\nmoduleload back_mdb");
    }
    let _ = writeln!(
        config,
        "TLSCACertificateFile {own}/ca.pem\nTLSCertificateFile {own}/server.pem\n\
         TLSCertificateKeyFile {own}/server.key\n\
         database mdb\nsuffix dc=corp,dc=example\ndirectory {own}/data\nmaxsize 268435456\n\
         limits dn.exact=\"{POOR}\" size.soft={LIMIT} size.hard={LIMIT} \
         size.prtotal={LIMIT}\n\
         limits * size.soft={LIMIT} size.hard={LIMIT} size.pr=1000 size.prtotal=unlimited\n\
         access to attrs=userPassword by anonymous auth\n\
         access to * by users read"
    );
    let path = folder.join("slapd.conf");
    fs::write(&path, config).expect("written");
    path
}

/// Fills the server's database without the server.
fn load(folder: &Path, config: &Path, password: &str) {
    let mut ldif = String::from(
        "dn: dc=corp,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: Corp\ndc: corp\n\n",
    );
    let _ = writeln!(ldif, "dn: {BASE}\nobjectClass: organizationalUnit\nou: people\n");
    for dn in [READER, POOR] {
        let _ = writeln!(
            ldif,
            "dn: {dn}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\n\
             userPassword: {password}\n"
        );
    }
    for at in 0..PEOPLE {
        let _ = writeln!(
            ldif,
            "dn: uid=u{at},{BASE}\nobjectClass: inetOrgPerson\nuid: u{at}\ncn: User {at}\n\
             sn: {at}\nmail: u{at}@corp.example\nemployeeNumber: {at}\n"
        );
    }
    let _ = writeln!(
        ldif,
        "dn: cn=Ana T,{BASE}\nobjectClass: inetOrgPerson\nobjectClass: exampleAccount\n\
         cn: Ana T\nsn: T\nuid: anat\ndisplayName: Ana T.\nmail: ana@corp.example\n\
         mail: 31337+anat@users.noreply.github.com\nemployeeType: Contractor\n\
         departmentNumber: Payments\nmanager: uid=u0,{BASE}\nuserAccountControl: 514\n\
         accountExpires: 133170048000000000\nsAMAccountName: CORP-anat\n\
         memberOf: cn=Deploy\\, EU,dc=corp,dc=example\nproxyAddresses: smtp:a.t@corp.example\n\
         objectGUID:: AAECAwQFBgcICQoLDA0ODw==\n"
    );
    let path = folder.join("people.ldif");
    fs::write(&path, ldif).expect("written");
    run(Command::new(tool("slapadd")).args(["-q", "-f"]).arg(config).arg("-l").arg(&path));
}

/// What a run gave: people by id, handles as text, and what was missing.
#[derive(Default)]
struct Kept {
    people: BTreeMap<String, Person>,
    handles: Vec<(String, HandleKind, String)>,
    missing: Vec<String>,
    /// Refuses records after so many.
    most: Option<usize>,
}

impl Sink for Kept {
    fn put(&mut self, record: Record) -> Result<(), Error> {
        if self.most == Some(self.people.len()) {
            return Err(Error::Store("full".to_owned()));
        }
        match record {
            Record::Person(person) => drop(self.people.insert(person.id.clone(), person)),
            Record::Handle(handle) => {
                self.handles.push((handle.person, handle.kind, handle.value));
            }
            Record::Grant(_) | Record::Resource(_) => panic!("no rights in a directory"),
        }
        Ok(())
    }

    fn checkpoint(&mut self, _cursor: &Cursor) -> Result<(), Error> {
        Ok(())
    }

    fn missing(&mut self, what: &str) -> Result<(), Error> {
        self.missing.push(what.to_owned());
        Ok(())
    }
}

fn read(settings: Settings) -> Result<Kept, String> {
    let mut kept = Kept::default();
    let mut ldap = Ldap::new(settings);
    assert_eq!(ldap.authority(), Authority::Directory);
    ldap.run(None, &mut kept).map_err(|error| error.to_string())?;
    Ok(kept)
}

fn refused(settings: Settings) -> String {
    read(settings).map(|_| ()).expect_err("refused")
}

#[test]
fn everybody_is_read_in_pages_past_the_limit_of_one_search() {
    let slapd = Slapd::start();
    let mut plain = ldap3::LdapConn::new(&slapd.settings().url).expect("connects");
    let bound = plain.simple_bind(READER, &slapd.password).expect("answers");
    assert_eq!(bound.rc, 0);
    let whole = plain
        .search(BASE, ldap3::Scope::Subtree, "(objectClass=inetOrgPerson)", vec!["uid"])
        .expect("answers");
    assert_eq!((whole.0.len(), whole.1.rc), (LIMIT, 4), "the server limits one search");
    let kept = read(slapd.settings()).expect("reads");
    assert_eq!(kept.people.len(), PEOPLE + 1);
    assert!(kept.missing.is_empty(), "{:?}", kept.missing);
    let poor = Settings { bind_dn: Some(POOR.to_owned()), ..slapd.settings() };
    assert!(refused(poor).contains("limit was reached"));
}

#[test]
fn people_with_the_attributes_of_both_kinds_of_directory() {
    let slapd = Slapd::start();
    let kept = read(slapd.settings()).expect("reads");
    let expected = Person {
        id: "03020100-0504-0706-0809-0a0b0c0d0e0f".to_owned(),
        kind: PersonType::Contractor,
        status: Status::Suspended,
        name: Some("Ana T.".to_owned()),
        access_expires: Some(1_672_531_200),
        manager: Some(format!("uid=u0,{BASE}")),
        teams: vec!["Payments".to_owned(), "ldap:Deploy, EU".to_owned()],
        ..Person::default()
    };
    assert_eq!(kept.people.get(&expected.id), Some(&expected));
    let own: Vec<(HandleKind, &str)> = kept
        .handles
        .iter()
        .filter(|(person, ..)| *person == expected.id)
        .map(|(_, kind, value)| (*kind, value.as_str()))
        .collect();
    assert_eq!(
        own,
        [
            (HandleKind::Saml, "anat"),
            (HandleKind::Saml, "corp-anat"),
            (HandleKind::Email, "ana@corp.example"),
            (HandleKind::Email, "31337+anat@users.noreply.github.com"),
            (HandleKind::Account, "31337"),
            (HandleKind::Email, "a.t@corp.example"),
        ]
    );
    let numbered = Settings {
        id_attribute: Some("employeeNumber".to_owned()),
        filter: Some("(|(uid=u7)(uid=anat))".to_owned()),
        ..slapd.settings()
    };
    let kept = read(numbered).expect("reads");
    assert_eq!(kept.people.keys().collect::<Vec<_>>(), ["7"]);
    assert_eq!(kept.missing, ["1 entries without a readable id"]);
}

#[test]
fn tls_from_the_start_or_later_and_no_other_authority() {
    let slapd = Slapd::start();
    let start_tls = Settings {
        url: format!("ldap://localhost:{}", slapd.port),
        start_tls: true,
        ..slapd.over_tls()
    };
    for good in [slapd.over_tls(), start_tls.clone()] {
        assert_eq!(read(good).expect("reads").people.len(), PEOPLE + 1);
    }
    for good in [slapd.over_tls(), start_tls] {
        let other = Some(slapd.folder.path().join("other.pem"));
        let wrong = Settings { ca_file: other, ..good.clone() };
        let system = Settings { ca_file: None, ..good.clone() };
        let host = Settings { url: good.url.replace("localhost", "127.0.0.1"), ..good };
        for untrusted in [wrong, system, host] {
            let error = refused(untrusted);
            assert!(error.contains("the server's certificate is not trusted"), "{error}");
        }
    }
    for (file, why) in [("none.pem", "cannot be read"), ("server.ext", "no PEM file")] {
        let ca_file = Some(slapd.folder.path().join(file));
        let error = refused(Settings { ca_file, ..slapd.over_tls() });
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn errors_name_host_and_base_and_never_the_password() {
    let slapd = Slapd::start();
    let own = slapd.settings();
    let wrong = random();
    let secret = |text: &str| Some(Secret::new(text.as_bytes().to_vec()));
    let cases = [
        (Settings { password: secret(&wrong), ..own.clone() }, "DN or password are wrong"),
        (Settings { bind_dn: Some("x".to_owned()), ..own.clone() }, "not a distinguished name"),
        (
            Settings { base: "ou=none,dc=corp,dc=example".to_owned(), ..own.clone() },
            "does not exist",
        ),
        (Settings { bind_dn: None, password: None, ..own.clone() }, "may not see it"),
        (Settings { filter: Some("(uid=".to_owned()), ..own.clone() }, "no LDAP filter"),
    ];
    for (settings, expected) in cases {
        let base = settings.base.clone();
        let error = refused(settings);
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(&format!("127.0.0.1:{}, base `{base}`: ", slapd.port)), "{error}");
        assert!(!error.contains(&wrong) && !error.contains(&slapd.password), "{error}");
    }
    let mut full = Kept { most: Some(10), ..Kept::default() };
    let error = Ldap::new(own.clone()).run(None, &mut full).expect_err("the sink is full");
    assert_eq!(error.to_string(), "the directory of people: full");
    drop(slapd);
    let error = refused(own);
    assert!(error.contains("the connection failed: "), "{error}");
}

/// Settings that are refused before anything is sent.
#[test]
fn what_would_send_a_password_in_the_clear_is_refused() {
    let own = Settings {
        url: "ldap://ldap.corp.invalid".to_owned(),
        bind_dn: Some(READER.to_owned()),
        password: Some(Secret::new(b"pass".to_vec())),
        base: BASE.to_owned(),
        ..Settings::default()
    };
    let url = |url: &str| Settings { url: url.to_owned(), ..own.clone() };
    let cases = [
        (own.clone(), "in the clear; use ldaps:// or StartTLS"),
        (url("ldap://127.0.0.1.corp.invalid"), "in the clear"),
        (url("http://corp.invalid"), "use ldaps://HOST"),
        (url("ldaps:corp.invalid"), "use ldaps://HOST"),
        (url("ldaps://"), "use ldaps://HOST"),
        (url("ldaps://me:pass@corp.invalid"), "settings of their own"),
        (url("ldaps://corp.invalid/dc=corp"), "settings of their own"),
        (url("ldaps://corp.invalid?mail"), "settings of their own"),
        (Settings { start_tls: true, ..url("ldaps://corp.invalid") }, "leave StartTLS out"),
        (Settings { start_tls: true, ..url("ldapi://%2Frun%2Fldapi") }, "needs no StartTLS"),
        (Settings { password: None, ..url("ldaps://corp.invalid") }, "go together"),
        (Settings { bind_dn: None, ..url("ldaps://corp.invalid") }, "go together"),
        (
            Settings { password: Some(Secret::new(Vec::new())), ..url("ldaps://corp.invalid") },
            "go together",
        ),
        (Settings { base: " ".to_owned(), ..url("ldaps://corp.invalid") }, "no base"),
        (
            Settings { id_attribute: Some("a b".to_owned()), ..url("ldaps://corp.invalid") },
            "no name of an attribute",
        ),
        (Settings { allow_plain: true, ..own.clone() }, "no host of that name"),
        (Settings { start_tls: true, ..own.clone() }, "no host of that name"),
    ];
    for (settings, expected) in cases {
        let error = refused(settings);
        assert!(error.contains(expected) && !error.contains("me:pass"), "{expected}: {error}");
    }
    assert_eq!(Ldap::new(own.clone()).name(), format!("ldap:ldap.corp.invalid/{BASE}"));
    assert_eq!(Ldap::new(Settings { name: Some("ad".to_owned()), ..own }).name(), "ad");
}

/// A server that answers everything with `reply`.
fn answering(reply: Vec<u8>) -> Settings {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
            if stream.write_all(&reply).is_err() {
                return;
            }
        }
    });
    Settings {
        url: format!("ldap://127.0.0.1:{port}"),
        base: BASE.to_owned(),
        timeout: Some(Duration::from_secs(2)),
        ..Settings::default()
    }
}

#[test]
fn replies_that_are_none_end_in_an_error() {
    let mut deep = Vec::new();
    for _ in 0..20_000 {
        let length = u32::try_from(deep.len()).expect("short").to_le_bytes();
        deep.extend(length);
        deep.extend([0x84, 0x30]);
    }
    deep.reverse();
    for reply in [
        Vec::new(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        vec![0x30, 0x00],
        vec![0x30, 0x03, 0x02, 0x01, 0x01],
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        // An entry without anything in it, and one with a text where a list belongs.
        vec![0x30, 0x05, 0x02, 0x01, 0x01, 0x64, 0x00],
        vec![0x30, 0x08, 0x02, 0x01, 0x01, 0x64, 0x03, 0x04, 0x01, 0x61],
        deep,
    ] {
        let error = refused(answering(reply.clone()));
        assert!(error.contains("127.0.0.1:"), "{:?}: {error}", &reply[..reply.len().min(20)]);
    }
}
