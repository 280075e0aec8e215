import sys, os, time

sys.path.insert(0, os.path.dirname(__file__))
os.environ["ATTACKS_AMBIENT_SECRET"] = "ambient-1234567"
from attacks.catalogue import ATTACKS, BY_NAME
from attacks.lab import Lab
from attacks.watcher import Watcher

if __name__ == "__main__":
    w = Watcher()
    name = sys.argv[1]
    pick = sys.argv[2:]
    attacks = [a for a in ATTACKS if not pick or a.name in pick or a.category in pick]
    t = time.time()
    r = Lab(name, w).attack_all(attacks)
    bad = "held" if name == "none" else "SUCCEEDED"
    for a in attacks:
        v = r[a.name]
        if v.word == bad or v.skipped or pick:
            print(
                a.category,
                a.name,
                v.word,
                v.evidence[:300],
                v.skipped,
                "|",
                v.detail[-300:].replace("\n", " / "),
            )
    print(
        len(attacks),
        "attacks",
        {k: sum(v.word == k for v in r.values()) for k in ("held", "SUCCEEDED", "skipped")},
        time.time() - t,
    )
