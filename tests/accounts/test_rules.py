import pytest

from ugc.accounts.rules import credentials as accounts_credentials


@pytest.mark.parametrize("handle", ["ana", "ana-b", "a_1", "x" * 30])
def test_good_handles(handle: str) -> None:
    assert accounts_credentials.handle_problem(handle) is None


@pytest.mark.parametrize(
    "handle", ["", "ab", "-ana", "ana-", "a b c", "ñandú", "x" * 31, "admin", "demo-x"]
)
def test_bad_handles(handle: str) -> None:
    assert accounts_credentials.handle_problem(handle)


@pytest.mark.parametrize("password", ["short", "password", "12345678", "qwertyuiop", "x" * 129])
def test_weak_passwords(password: str) -> None:
    assert accounts_credentials.password_problem(password)


def test_a_password_made_of_the_own_name_is_weak() -> None:
    assert accounts_credentials.password_problem("anamartinez", ["anamartinez"])
    assert accounts_credentials.password_problem("brocoli tranvia azul", ["ana"]) is None


@pytest.mark.parametrize(
    ("user_agent", "names"),
    [
        ("(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "Linux")),
        ("(Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "Windows")),
        ("(Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("(iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1", ("Safari", "iPhone")),
        ("curl/8.5", ("", "")),
    ],
)
def test_browsers_have_names(user_agent: str, names: tuple[str, str]) -> None:
    assert accounts_credentials.browser_names(user_agent) == names


@pytest.mark.parametrize("handle", ["\u017fupport", "moderator\u212a", "ana\n", "a\u0130b"])
def test_letters_that_only_look_like_ascii_are_refused(handle: str) -> None:
    assert accounts_credentials.handle_problem(handle)
