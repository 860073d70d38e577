"""What an address says of TLS is refused where it would not be obeyed; its files are loaded before anybody connects."""

from pathlib import Path
from urllib.parse import urlencode

import pytest
import trustme

from shared import tls

WORDS = {
    "amqps://host/": ("cafile", "certfile", "keyfile"),
    "rediss://host/0": ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"),
    "postgresql://host/db?sslmode=verify-full": ("sslrootcert", "sslcert", "sslkey"),
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """An authority, a certificate and its key."""
    folder, authority = tmp_path_factory.mktemp("papers"), trustme.CA()
    issued = authority.issue_cert("fleet@example.com")
    files = (folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    authority.cert_pem.write_to_path(files[0])
    issued.cert_chain_pems[0].write_to_path(files[1])
    issued.private_key_pem.write_to_path(files[2])
    return files


def address(base: str, **said: object) -> str:
    return f"{base}{'&' if '?' in base else '?'}{urlencode(said)}"


def refusal(url: str) -> str:
    with pytest.raises(ValueError, match=r"^has ") as refused:
        tls.check(url)
    return str(refused.value)


@pytest.mark.parametrize("base", WORDS)
def test_files_that_fit_together_are_taken(base: str, papers: tuple[Path, Path, Path]) -> None:
    tls.check(address(base, **dict(zip(WORDS[base], papers, strict=True))))
    tls.check(address(base, **{WORDS[base][0]: papers[0]}))
    tls.check(base)


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("base", WORDS)
def test_a_path_that_is_not_there_is_refused_by_its_parameter(
    base: str, position: int, papers: tuple[Path, Path, Path]
) -> None:
    files = dict(zip(WORDS[base], papers, strict=True)) | {WORDS[base][position]: Path("/nowhere/it.pem")}
    said = refusal(address(base, **files))
    assert WORDS[base][position] in said
    assert "No such file or directory" in said
    assert "/nowhere" not in said


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("base", WORDS)
def test_what_is_no_certificate_is_refused(base: str, position: int, papers: tuple[Path, Path, Path]) -> None:
    files = dict(zip(WORDS[base], papers, strict=True)) | {WORDS[base][position]: Path(__file__)}
    assert WORDS[base][position] in refusal(address(base, **files))


@pytest.mark.parametrize("base", WORDS)
def test_a_key_of_another_certificate_is_refused(base: str, papers: tuple[Path, Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "key.pem"
    trustme.CA().issue_cert("x@example.com").private_key_pem.write_to_path(other)
    files = dict(zip(WORDS[base], (papers[0], papers[1], other), strict=True))
    assert "must be PEM files that fit together" in refusal(address(base, **files))


@pytest.mark.parametrize("base", WORDS)
def test_a_key_without_its_certificate_is_refused(base: str, papers: tuple[Path, Path, Path]) -> None:
    assert "add the certificate" in refusal(address(base, **{WORDS[base][2]: papers[2]}))


@pytest.mark.parametrize("base", ["amqp://host/", "redis://host/0", "unix:///run/redis.sock"])
@pytest.mark.parametrize("position", range(3))
def test_certificates_on_an_address_that_does_not_encrypt_are_refused(base: str, position: int) -> None:
    words = next(
        words for known, words in WORDS.items() if known[:4] == base[:4] or (base[:4], known[:4]) == ("unix", "redi")
    )
    assert "is not encrypted: must begin with" in refusal(address(base, **{words[position]: "/x"}))


@pytest.mark.parametrize("mode", ["", "&sslmode=prefer", "&sslmode=allow", "&sslmode=disable"])
def test_certificates_that_postgresql_would_not_look_at_are_refused(mode: str) -> None:
    assert "add sslmode=verify-full" in refusal(f"postgres://host/db?sslrootcert=/x{mode}")


@pytest.mark.parametrize("url", ["postgresql://h/d?sslmode=on", "rediss://h?ssl_cacerts=/x", "postgresql://h/d?ssl=1"])
def test_what_no_client_knows_is_refused(url: str) -> None:
    assert "unknown" in refusal(url)


@pytest.mark.parametrize("mode", tls.MODES)
def test_every_mode_of_postgresql_is_known(mode: str) -> None:
    tls.check(f"postgresql://host/db?sslmode={mode}")
