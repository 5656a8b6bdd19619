import pytest

from db import servers


def test_one_server_needs_no_name() -> None:
    assert servers.read("http://chroma:8000/") == {"default": "http://chroma:8000"}


def test_several_keep_their_order() -> None:
    named = servers.read("b=http://two:8000, https://one/path/,c-3=http://three")

    assert list(named.items()) == [("b", "http://two:8000"), ("default", "https://one/path"), ("c-3", "http://three")]
    assert servers.read(servers.write(named)) == named


def test_an_address_with_an_equals_sign_is_no_name() -> None:
    assert servers.read("http://one/?a=b") == {"default": "http://one/?a=b"}


@pytest.mark.parametrize(
    ("urls", "complaint"),
    [
        ("chroma:8000", "entry 1 is no Chroma server: write http://host:port, or name="),
        ("b=chroma:8000", "entry 1 is no Chroma server"),
        ("http://one,B=http://chroma", "entry 2 has no name for a Chroma server: 1 to 32 of a-z, 0-9 and -"),
        ("a/b=http://one", "entry 1 has no name for a Chroma server"),
        ("=http://one", "entry 1 has no name for a Chroma server"),
        ("http://one,", "entry 2 is no Chroma server"),
        ("http://one,http://two", "entry 2 is a second Chroma server named default, as one without a name is"),
        ("http://one,default=http://two", "entry 2 is a second Chroma server named default, as one without"),
        ("b=http://one,b=http://two", "entry 2 is a second Chroma server named b$"),
        ("http://one,b=http://one/", "entry 2, b, is a Chroma server that has another name already"),
    ],
)
def test_what_is_no_list_of_servers_is_refused_by_its_entry(urls: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^FITMATCH_CHROMA_URL: {complaint}"):
        servers.read(urls)


def test_a_complaint_holds_no_address() -> None:
    with pytest.raises(ValueError, match="entry 1") as refused:
        servers.read("b=ftp://user:password@one")

    assert "password" not in str(refused.value)


@pytest.mark.parametrize(("server", "address"), [("default", "s-1"), ("b", "b/s-1")])
def test_an_address_is_of_a_server_and_a_name(server: str, address: str) -> None:
    assert servers.address(server, "s-1") == address
    assert servers.split(address) == (server, "s-1")
