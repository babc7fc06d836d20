-- OpenPGP fingerprints of version 4 are also looked up by the key id that they end in.
UPDATE statement SET skeleton = 'openpgp' || char(10) || substr(name, -16)
    WHERE kind = 'handle' AND length(name) = 53 AND substr(name, 1, 13) = 'signing_key' || char(10) || char(10)
      AND substr(name, 14) NOT GLOB '*[^0-9a-f]*';
UPDATE incoming SET skeleton = 'openpgp' || char(10) || substr(name, -16)
    WHERE kind = 'handle' AND length(name) = 53 AND substr(name, 1, 13) = 'signing_key' || char(10) || char(10)
      AND substr(name, 14) NOT GLOB '*[^0-9a-f]*';
