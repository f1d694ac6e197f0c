"""Whatever looks like personal data in the sample is nobody's."""

import json
import random
import re

from hypothesis import given
from hypothesis import strategies as st

from streams.sample import people
from streams.sample.brands import SAMPLE_BRANDS
from streams.sample.firehose import Firehose

MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
PHONE = re.compile(r"\(\d{3}\) \d{3}-\d{4}|\+1 \d{3} \d{3} \d{4}|020 \d{4} \d{4}|07\d{3} \d{6}")
FICTIONAL = re.compile(r"\(\d{3}\) 555-01\d\d|\+1 \d{3} 555 01\d\d|020 7946 0\d{3}|07700 900\d{3}")
CARD = re.compile(r"\b4000[ -]?00\d\d[ -]?\d{4}[ -]?\d{4}\b")
IBAN = re.compile(r"\b(?:DE|GB)\d\d ?[\dX]{4}(?: ?[\dX]{2,4}){3,5}")
LINK = re.compile(r"https?://([\w.-]+)")


def all_text(firehose: Firehose) -> list[str]:
    return [json.loads(line.raw)["text"] for line in firehose.lines if line.post]


def test_mail_addresses_belong_to_reserved_domains_only(firehose: Firehose) -> None:
    hosts = {host for text in all_text(firehose) for host in MAIL.findall(text)}
    assert len(hosts) >= 5
    assert all(re.fullmatch(r"([\w-]+\.)*(example|example\.(com|org|net))", host) for host in hosts)


def test_links_lead_to_reserved_domains_only(firehose: Firehose) -> None:
    hosts = {host for text in all_text(firehose) for host in LINK.findall(text)}
    assert len(hosts) == len(SAMPLE_BRANDS)
    assert all(host.endswith(".example") for host in hosts)


def test_telephone_numbers_are_of_fictional_ranges_only(firehose: Firehose) -> None:
    numbers = [number for text in all_text(firehose) for number in PHONE.findall(text)]
    assert len(numbers) > 50
    assert all(FICTIONAL.fullmatch(number) for number in numbers)


def test_a_few_percent_of_the_texts_hold_personal_data(firehose: Firehose) -> None:
    texts = all_text(firehose)
    reference = re.compile(r"#\d{6}\b|\b[A-Z]{2,3}-?\d{6}\b")
    patterns = (MAIL, PHONE, CARD, IBAN, reference)
    assert all(any(pattern.search(text) for text in texts) for pattern in patterns)
    share = sum(1 for text in texts if any(pattern.search(text) for pattern in patterns)) / len(texts)
    assert 0.02 < share < 0.12


@given(st.integers(0, 2**32))
def test_cards_pass_luhn(seed: int) -> None:
    digits = [int(char) for char in people.card(random.Random(seed).random) if char.isdigit()]
    doubled = [2 * digit // 10 + 2 * digit % 10 for digit in digits[-2::-2]]
    assert len(digits) == 16
    assert (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


@given(st.integers(0, 2**32))
def test_ibans_have_right_check_digits_and_lengths(seed: int) -> None:
    plain = people.iban(random.Random(seed).random).replace(" ", "")
    turned = plain[4:] + plain[:4]
    assert len(plain) == {"DE": 22, "GB": 22}[plain[:2]]
    assert int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def test_no_two_people_share_a_handle() -> None:
    count = 450_000  # beyond one round of suffixes
    assert len({people.make_handle(number)[0] for number in range(count)}) == count
