#!/usr/bin/env python3
"""Writes labelled lines to train and evaluate the generic rules with: passwords as people make them,
keys and tokens as machines make them, and what stands under the same names without being either, in
the syntaxes of many languages.

  benches/model/generate.py COUNT [SEED] > generated.jsonl

People's passwords follow what studies of leaked ones agree on (a word or name, mostly in lower case
or with a capital in front, one to four digits behind, often a year, a sign at the end, letters
replaced by digits that look like them); corpora of labelled lines mostly have random ones. Every value
is made here from a seeded generator, so the lines are nobody's secrets and the same each time.
"""
import json, random, string, sys

WORDS = """anchor autumn badger bamboo banana basket beacon blossom boulder bridge bronze butter cactus
candle canyon castle cedar cherry circus clover cobalt coffee comet copper coral cotton cricket crystal
dagger daisy dragon eagle ember falcon feather fiddle forest fossil galaxy garden ginger glacier golden
granite guitar hammer harbor hazel hollow honey horizon hunter island ivory jaguar jasmine jungle kettle
ladder lantern lemon leopard lilac linen lizard lotus magnet mango maple marble meadow melon mercury
mirror monkey mountain mustard nectar nickel ocean olive onion orange orchid otter oyster panda panther
papaya pepper phoenix pickle pigeon pirate planet pocket pumpkin purple puzzle rabbit rainbow raven
ribbon river rocket saddle saffron salmon sapphire scarlet shadow silver sparrow spider spring squirrel
summer sunset tango thunder tiger timber tomato topaz tulip tunnel turtle umbrella valley velvet violet
walnut whisper willow winter wizard wolf yellow zebra zephyr anna boris carla david elena felix greta
hugo irina jonas karin lucas maria nadia oscar paula robin sofia thomas ursula victor wanda""".split()
# What forms call a password in many languages: labels, not values.
LABELS = """Passwort Kennwort Contraseña Contrasenya Senha Palavra-passe Mot-de-passe Lösenord Adgangskode
Passord Salasana Hasło Heslo Jelszó Geslo Lozinka Parolă Slaptažodis Parool Şifre Fjalëkalimi Wachtwoord
Pasahitza Contrasinal Lykilorð Cyfrinair Pasfhocal Anmelden Einloggen Connexion Réinitialiser Återställ
Bestätigen Müüdud Oublié Olvidé Zurücksetzen Přihlášení Zapomněli Sıfırla Geçersiz Gültig""".split()
# What people put where a password is not meant to be one.
WEAK = "password secret admin test changeit letmein welcome qwerty default user root demo login master".split()
SIGNS = "!!!!?@#$%&*."
LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})

PASSWORDS = """password passwd pwd pass db_password dbPassword DB_PASS smtpPassword admin_password
ADMIN_PASSWORD user_password userPassword rootPassword mysql.password spring.datasource.password
POSTGRES_PASSWORD redis_pass ftp-password keystorePassword passphrase""".split()
SECRETS = """secret client_secret clientSecret APP_SECRET jwt_secret session_secret api_key apiKey API-KEY
access_token accessToken AUTH_TOKEN botToken deploy_token secret_key SECRET_KEY encryption_key signingKey
private_token master_key credential webhook_secret""".split()
VAGUE = "key KEY appKey maps_key auth consumer_key cacheKey i18nKey sortKey object_key primary.key".split()

SYNTAXES = ['{k} = "{v}"', "{k} = '{v}'", '{k}="{v}"', "{k}={v}", "{k}: {v}", '{k}: "{v}"', "  {k}: '{v}',",
            '"{k}": "{v}",', "'{k}' => '{v}',", 'const {k} = "{v}";', 'String {k} = "{v}";', "export {k}={v}",
            '{k} := "{v}"', "<{k}>{v}</{k}>", '<add key="{k}" value="{v}"/>', 'os.environ["{k}"] = "{v}"',
            'config.put("{k}", "{v}");', "--{k} {v}", "# {k}: {v}", 'set{k}("{v}")', "| {k} | {v} |",
            'assert_equal "{v}", {k}', 'if {k} == "{v}":', "ENV {k} {v}"]
AROUND = [([], []), (["database:", "  host: db.internal"], ["  port: 5432"]), (["  user: app"], []),
          (["def test_login():"], ["    assert response.ok"]), (["{"], ["}"]), (["# settings"], [""]),
          (["username = admin"], ["timeout = 30"])]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def of(self, choices):
        return self.random.choice(choices)

    def characters(self, alphabet, least, most):
        return "".join(self.of(alphabet) for _ in range(self.random.randint(least, most)))

    def word(self):
        word = self.of(WORDS)
        return self.of([word, word, word.capitalize(), word.capitalize(), word.upper()])

    def human(self):
        digits = self.of([str(self.random.randint(1, 9999)), str(self.random.randint(1960, 2026)), self.characters(string.digits, 2, 3)])
        sign = self.of(SIGNS)
        return self.of([
            lambda: self.word() + digits + sign,
            lambda: self.word() + digits + self.of(["", sign]),
            lambda: self.word() + sign + digits,
            lambda: self.word().translate(LEET) + self.of([sign, digits, sign + digits]),
            lambda: self.word() + self.of("_-.") + self.word() + digits,
            lambda: self.word().capitalize() + self.word().capitalize() + self.of([digits, sign, digits + sign]),
            lambda: sign + self.word() + digits + sign,
            lambda: self.characters(string.ascii_lowercase, 2, 3) + digits + self.word() + sign,
            lambda: self.word() + digits[:2] + self.characters(string.ascii_lowercase, 1, 2),
            lambda: self.word() + self.characters(string.ascii_lowercase, 2, 3) + digits,
        ])()

    def machine(self):
        letters = string.ascii_letters + string.digits
        return self.of([
            lambda: self.characters(letters, 16, 64),
            lambda: self.characters("0123456789abcdef", 32, 32),
            lambda: self.characters("0123456789abcdef", 40, 64),
            lambda: self.characters(letters + "-_", 20, 48),
            lambda: self.characters(letters + "+/", 27, 43) + "=",
            lambda: self.characters(string.ascii_lowercase + string.digits, 20, 32),
        ])()

    def typed(self):
        return self.characters(string.ascii_letters + string.digits + "!#%&*+-.?@^_~", 8, 20)

    def weak(self):
        word = self.of(WEAK)
        word = self.of([word, word.capitalize(), word.upper(), word.translate(LEET), word.replace("a", "@").capitalize()])
        tail = self.of(["", "1", "123", "1234", "12345", "!", "01", "2", "123!", self.of(WEAK)])
        return word + tail

    def nothing(self):
        row = self.random.random()
        if row < .12:
            return self.of(LABELS)
        if row < .3:
            return self.weak()
        a, b, c = (self.of(WORDS) for _ in range(3))
        kind = self.of(["field", "input", "label", "name", "type", "hint", "prompt", "reset", "form"])
        return self.of([
            lambda: a, lambda: a.capitalize(), lambda: f"{a}_{b}", lambda: f"{a}-{b}-{c}",
            lambda: a + b.capitalize(), lambda: f"{a}.{b}.{c}", lambda: f"{a}_{kind}", lambda: f"{a} {b} {c}",
            lambda: f"{a}/{b}", lambda: f"{a.upper()}_{b.upper()}", lambda: f"{a}{b.capitalize()}{kind.capitalize()}",
            lambda: f"{a}:{b}", lambda: f"{a}.{self.of(['json', 'txt', 'pem', 'yml', 'py'])}", lambda: f"{a}1",
            lambda: f"{self.random.randint(0, 9999)}", lambda: f"v{self.random.randint(1, 9)}.{self.random.randint(0, 20)}",
            lambda: f"The {a} of the {b}", lambda: f"{a}[{b}]", lambda: f"get_{a}_{b}", lambda: f"{a}@{b}.example",
        ])()

    def record(self, place):
        row = self.random.random()
        if row < .3:
            key, value, label = self.of(PASSWORDS), self.of([self.human, self.human, self.human, self.typed])(), "T"
        elif row < .45:
            key, value, label = self.of(SECRETS), self.machine(), "T"
        elif row < .5:
            key, value, label = self.of(VAGUE[:6]), self.machine(), "T"
        else:
            key, value, label = self.of(PASSWORDS + SECRETS + VAGUE), self.nothing(), "F"
        before, after = self.of(AROUND)
        text = self.of(SYNTAXES).format(k=key, v=value)
        start = text.rfind(value) if label == "T" else None
        return {"path": f"generated-{place % 50}/a.txt", "label": label, "category": "generated", "text": text,
                "before": before, "after": after, "value_start": start, "value_end": start and start + len(value)}


def main():
    maker = Maker(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    for place in range(int(sys.argv[1])):
        print(json.dumps(maker.record(place)))


main()
