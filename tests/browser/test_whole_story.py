"""The main job from end to end: a link shared, a person brought, what they contribute approved,
counted and read by a brand's program, and the person gone from it all at the end."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, PHONE, Site
from tests.browser.steps import REVIEW, approve, join, picture

# A browser that says that it has no head is a machine, whose visits are not counted.
AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Mobile Safari/537.36"
)


def phone(browser: Browser) -> Page:
    context = browser.new_context(viewport=PHONE, locale="en", user_agent=AGENT)  # type: ignore[arg-type]
    return context.new_page()


def ask(site: Site, key: str, path: str) -> Any:
    request = urllib.request.Request(
        f"{site.url}/api/v1{path}", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def my_link(page: Page, site: Site) -> str:
    page.goto(f"{site.url}/contacts")
    page.get_by_role("button", name="Make my link").click()
    return page.locator("#link").input_value()


def eventually(page: Page, address: str, text: str) -> None:
    """Reloads until the worker has done its part."""
    for _ in range(60):
        page.goto(address)
        if text in re.sub(r"\s+", " ", page.locator("main").inner_text()):
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{text!r} never came to {address}: {page.locator('main').inner_text()}")


def test_from_a_shared_link_to_the_brands_program(browser: Browser, site: Site) -> None:
    mod = phone(browser)
    join(mod, site, "story-m")
    site.make_moderator("story-m")
    mod.goto(f"{site.url}/places/new")
    mod.get_by_label("Name", exact=True).fill("Story Café")
    mod.get_by_label("Category").select_option("cafe")
    mod.get_by_label("Latitude").fill("41.6561")
    mod.get_by_label("Longitude").fill("-0.8773")
    mod.get_by_role("button", name="Put it on the map").click()
    expect(mod.get_by_role("heading", level=1)).to_have_text("Story Café")
    place = mod.url.split("?")[0]
    mod.goto(f"{site.url}/brands/new")
    mod.get_by_label("Name", exact=True).fill("Story Brand")
    mod.get_by_role("button", name="Save").click()
    expect(mod.get_by_role("heading", level=1)).to_have_text("Story Brand")
    brand = mod.url.split("?")[0]

    # A shares a link.
    a = phone(browser)
    join(a, site, "story-a")
    link = my_link(a, site)

    # B opens it, joins, confirms, posts a report with a photo, and a review.
    b = phone(browser)
    join(b, site, "story-b", by=link)
    assert "via" not in {cookie["name"] for cookie in b.context.cookies()}
    b.goto(f"{site.url}/reports/new")
    b.get_by_role("radio", name="Roadworks").check()
    b.get_by_label("Latitude").fill("41.65")
    b.get_by_label("Longitude").fill("-0.88")
    b.get_by_label("Say more").fill("The story's pavement is up.")
    b.get_by_label("Choose photos").set_input_files([picture("works.jpg", 640)])
    b.get_by_role("button", name="Put it on the map").click()
    expect(b.get_by_role("heading", level=1)).to_contain_text("Roadworks")
    report = b.url.split("?")[0]
    b.goto(place)
    b.get_by_role("link", name="Write a review").click()
    b.get_by_role("radio", name="4: good").check(force=True)
    b.get_by_label("Tell others").fill("Too short")
    expect(b.get_by_text("more characters to go")).to_be_visible()
    b.get_by_label("Tell others").fill(REVIEW)
    b.get_by_role("button", name="Publish").click()
    expect(b.get_by_text("It waits for a moderator").first).to_be_visible()

    # Nobody else sees the words yet.
    other = phone(browser)
    other.goto(place)
    expect(other.get_by_text(REVIEW)).to_have_count(0)

    # The moderator approves both; points and the 1st degree grow.
    approve(mod, site, "The story's pavement is up.")
    approve(mod, site, REVIEW)
    other.goto(place)
    expect(other.get_by_text(REVIEW)).to_be_visible()
    other.goto(report)
    expect(other.locator(".photo__image")).to_have_count(1)
    # 6 for the report, 2 for its photo, 10 for the review.
    eventually(b, f"{site.url}/members/story-b", "18 points")
    a.goto(f"{site.url}/contacts")
    expect(a.get_by_role("link", name="story-b").first).to_be_visible()

    # C joins through B, D through C: A sees 1-1-1.
    c, d = phone(browser), phone(browser)
    join(c, site, "story-c", by=my_link(b, site))
    a.goto(f"{site.url}/contacts")
    sums = a.locator(".rings-sum dd")
    expect(sums).to_have_text(["1", "1", "0"])
    join(d, site, "story-d", by=my_link(c, site))
    # While A looks, without a reload.
    expect(sums).to_have_text(["1", "1", "1"], timeout=15_000)
    expect(a.locator("#contacts-news")).to_have_text("Somebody joined.")
    expect(a.locator(".rings__dot--3.is-new")).to_have_count(1)
    expect(a.get_by_role("link", name="story-d")).to_have_count(0)

    # A speaks for the brand; its program reads the report, the review and the spread.
    a.goto(brand)
    a.get_by_text("Do you speak for this brand?").click()
    a.get_by_label("Who are you for the brand?").fill("I have run this café for eleven years.")
    a.get_by_role("button", name="Claim", exact=True).click()
    approve(mod, site, "I have run this café")
    a.goto(brand)
    a.get_by_role("button", name="Make the brand's link").click()
    brand_link = a.locator("#brand-link").input_value()
    a.get_by_role("link", name="API keys").click()
    a.get_by_label("What is it for?").fill("story")
    a.get_by_role("button", name="Make the key").click()
    key = a.locator("#new-key").input_value()
    report_id, place_id, brand_id = (
        address.rsplit("/", 1)[-1] for address in (report, place, brand)
    )
    read = ask(site, key, f"/reports/{report_id}")["properties"]
    assert read["text"] == "The story's pavement is up."
    assert read["author"] == {"handle": "story-b", "name": None, "picture": None}
    assert len(read["photos"]) == 1
    [feature] = ask(site, key, f"/reviews?place={place_id}")["features"]
    assert feature["properties"]["rating"] == 4
    assert feature["properties"]["author"] == {"handle": "story-b", "name": None, "picture": None}
    # One who was reached is too few to be told, and the present week is told when it is over.
    c.goto(brand_link)
    expect(c.get_by_role("heading", level=1)).to_have_text("Story Brand")
    [week] = ask(site, key, f"/brands/{brand_id}/spread?weeks=1")["weeks"]
    assert week["complete"] is True
    assert set(week["people_by_degree"].values()) == {"suppressed"}

    # B leaves; what they said stays without them.
    b.goto(f"{site.url}/settings")
    b.get_by_text("Erase my account").click()
    b.locator("#erase-password").fill(PASSWORD)
    b.locator("form[action$='/settings/erase'] button").click()
    assert ask(site, key, f"/reports/{report_id}")["properties"]["author"] is None
    everything = json.dumps(ask(site, key, "/reports")) + json.dumps(ask(site, key, "/reviews"))
    assert "story-b" not in everything
    try:
        status = urllib.request.urlopen(f"{site.url}/members/story-b", timeout=10).status
    except urllib.error.HTTPError as error:
        status = error.code
    assert status == 404
