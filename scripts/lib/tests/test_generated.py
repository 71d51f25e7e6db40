"""Generated code belongs to its source. Making it anew takes minutes of compiling generators, a checksum does not."""

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_given_protocols_then_their_code_is_what_the_generator_made_of_them() -> None:
    recorded = dict(
        reversed(line.split(maxsplit=1)) for line in (ROOT / "scripts/lib/protocols.sha256").read_text().splitlines()
    )
    files = [*ROOT.glob("Sources/*/*.proto"), *ROOT.glob("Sources/*/Generated/*")]
    found = {str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert found == recorded, "run scripts/generate-protocols"
    assert any(name.endswith(".proto") for name in found)
