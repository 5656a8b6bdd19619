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
    "urls",
    [
        "chroma:8000",
        "b=chroma:8000",
        "B=http://chroma",
        "http://one,",
        "http://one,http://two",
        "b=http://one,b=http://two",
        "http://one,default=http://two",
        "http://one,b=http://one/",
        "a/b=http://one",
    ],
)
def test_what_is_no_list_of_servers_is_refused(urls: str) -> None:
    with pytest.raises(ValueError, match="Chroma server"):
        servers.read(urls)


@pytest.mark.parametrize(("server", "address"), [("default", "s-1"), ("b", "b/s-1")])
def test_an_address_is_of_a_server_and_a_name(server: str, address: str) -> None:
    assert servers.address(server, "s-1") == address
    assert servers.split(address) == (server, "s-1")
