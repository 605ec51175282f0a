"""A spreading that is known: independent cascades over a real contact graph, with planted strong
spreaders, loud people whose word moves nobody far, and planted rings of false accounts. Pure.

Independent cascade model (Kempe, Kleinberg, Tardos 2003): whoever came to a brand tells some of
their contacts once; each of those comes with the probability that belongs to the teller. Here a
teller has limited breath, and it takes hours to days.

Nobody below the planted ones differs from others in what the product can see at once: a spreader
has as many contacts as anybody, but who hears from them comes, does something genuine and tells
others. A loud person has very many contacts, who come and leave. The leader of a ring is a member
like others who also brings accounts of their own.

What makes it hard to tell the false from the others is planted too: families at one network,
classes that join in one lesson, strangers behind one carrier's network with the same telephone,
honest bursts, throw-away mail, fans of one brand, friends who confirm each other; and rings that
share no mark at all."""

from __future__ import annotations

import csv
import gzip
import heapq
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

DAYS = 84.0
BRANDS = 6
SPREADERS = 70
LOUD = 60
RINGS = 24
FANS = 200
SEEDS_PER_BRAND = 200
HOUSEHOLDS = 500  # two to five people behind one network, now and then with one device
SCHOOLS = 4  # a teacher and sixty pupils behind one network; the last has a computer room
PUPILS = 60
CARRIERS, CARRIED = 25, 0.2  # networks of telephones, and which part of the people is behind them
DEVICES = 900
THROW_AWAY = 0.02  # of honest people

ORDINARY, SPREADER, LOUDMOUTH, LEADER, FALSE = "ordinary", "spreader", "loud", "leader", "false"
# What could make an honest person look false. One each; the first that fits.
HOUSEHOLD, SCHOOL, COMPUTER_ROOM, CARRIER, FAN, MAILER = (
    "household", "school", "computer room", "carrier", "fan", "throw-away mail",
)  # fmt: skip


@dataclass
class Person:
    """`number` is the node of the graph (false accounts have numbers beyond). `network`, `device`
    and `mailbox` stand for what the marks of joining are made of. `focus`: the brands in which a
    spreader moves people. `flash`: tells everybody within hours."""

    number: int
    role: str = ORDINARY
    group: str = ""
    network: str = ""
    device: str = ""
    mailbox: str = ""
    mail_domain: str = "example.org"
    city: int = 0
    focus: frozenset[int] = frozenset()
    flash: bool = False
    fan_of: int | None = None
    joined_at: float | None = None
    parent: int | None = None
    parent_brand: int | None = None


@dataclass(frozen=True)
class Reach:
    """`person` came to `brand` at `at` (days) by the link of `sharer` (None: the brand's own).
    `joined`: became a member by it."""

    brand: int
    person: int
    sharer: int | None
    at: float
    joined: bool


@dataclass(frozen=True)
class Post:
    """A contribution. `brand` is what a review is about; None is a report."""

    person: int
    at: float
    brand: int | None
    stars: int


@dataclass
class Ring:
    """One leader's accounts. `marks`: careless (most from the leader's network), partly (three
    networks and four devices of their own), careful (each from elsewhere)."""

    leader: int
    accounts: list[int]
    shape: str
    marks: str
    praise: bool


@dataclass
class World:
    people: dict[int, Person]
    reaches: list[Reach] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    # (who, whose post (index into posts), at): a confirmed report, or a review found helpful.
    praise: list[tuple[int, int, float]] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    homes: dict[int, list[int]] = field(default_factory=dict)
    classes: list[tuple[int, list[int]]] = field(default_factory=list)

    def of_role(self, *roles: str) -> set[int]:
        """Members of these roles."""
        return {
            p.number for p in self.people.values() if p.role in roles and p.joined_at is not None
        }

    def spreaders(self) -> set[int]:
        """Planted spreaders who came to a brand that they care about: the others moved nobody."""
        return {r.person for r in self.reaches if r.brand in self.people[r.person].focus}


def contacts(path: Path) -> dict[int, list[int]]:
    """The graph's people and whom they know, both ways, in a fixed order."""
    known: dict[int, set[int]] = defaultdict(set)
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            a, b = int(row["from"]), int(row["to"])
            if a != b:
                known[a].add(b)
                known[b].add(a)
    return {person: sorted(others) for person, others in sorted(known.items())}


def draw(graph: dict[int, list[int]], seed: int) -> World:
    """One world; the same for the same seed."""
    dice = random.Random(seed)
    world = World({number: Person(number) for number in graph})
    _plant(world, graph, dice)
    _live_somewhere(world, graph, dice)
    _spread(world, graph, dice)
    _make_rings(world, dice)
    _contribute(world, graph, dice)
    return world


def _plant(world: World, graph: dict[int, list[int]], dice: random.Random) -> None:
    by_contacts = sorted(graph, key=lambda number: (-len(graph[number]), number))
    for number in dice.sample(by_contacts[:300], LOUD):
        world.people[number].role = LOUDMOUTH
    # People like others: neither the best connected nor the loneliest.
    middle = [n for n in by_contacts[300:] if len(graph[n]) >= 8]
    for number in dice.sample(middle, SPREADERS):
        person = world.people[number]
        person.role = SPREADER
        person.focus = frozenset(dice.sample(range(BRANDS), dice.choice((1, 2))))
    for person in world.people.values():
        person.flash = person.role in (SPREADER, LOUDMOUTH) and dice.random() < 0.4
    for number in dice.sample(sorted(graph), FANS):
        world.people[number].fan_of = dice.randrange(BRANDS)


def _device(dice: random.Random) -> str:
    """Few are very common: a browser of a version, with a language."""
    drawn = int(dice.paretovariate(0.45))
    return f"d{drawn if drawn <= DEVICES else dice.randint(1, DEVICES)}"


def _live_somewhere(world: World, graph: dict[int, list[int]], dice: random.Random) -> None:
    numbers = sorted(world.people)
    dice.shuffle(numbers)
    for number in numbers:
        _live_alone(world.people[number], dice)
    settled: set[int] = set()
    for school in range(SCHOOLS):
        _fill_school(world, school, [n for n in numbers if n not in settled], settled, dice)
    for home in range(HOUSEHOLDS):
        first = next(n for n in numbers if n not in settled)
        _fill_home(world, graph, home, first, settled, dice)


def _live_alone(person: Person, dice: random.Random) -> None:
    number = person.number
    person.city = int(dice.paretovariate(1.2)) % 12
    carried = dice.random() < CARRIED
    person.network = f"carrier{dice.randrange(CARRIERS)}" if carried else f"n{number}"
    person.device = _device(dice)
    person.mailbox = f"m{number}"
    if dice.random() < THROW_AWAY:
        person.mail_domain = "mailinator.com"
        person.group = MAILER
    elif carried:
        person.group = CARRIER
    elif person.fan_of is not None:
        person.group = FAN


def _fill_school(
    world: World, school: int, free: list[int], settled: set[int], dice: random.Random
) -> None:
    """A teacher has no class among their contacts there: any sixty people are one."""
    people = free[: PUPILS + 1]
    settled.update(people)
    rooms = [_device(dice) for _ in range(3)]
    for number in people:
        person = world.people[number]
        person.network = f"school{school}"
        person.group = SCHOOL
        if school == SCHOOLS - 1 and number != people[0]:
            person.device, person.group = dice.choice(rooms), COMPUTER_ROOM
    world.classes.append((people[0], people[1:]))


def _fill_home(
    world: World,
    graph: dict[int, list[int]],
    home: int,
    first: int,
    settled: set[int],
    dice: random.Random,
) -> None:
    """A person lives with some of their contacts who have no home yet."""
    size = dice.choice((2, 2, 3, 4, 5))
    free = [n for n in graph[first] if n not in settled]
    people = [first, *dice.sample(free, min(len(free), size - 1))]
    settled.update(people)
    for number in people:
        person = world.people[number]
        person.network = f"home{home}"
        person.group = HOUSEHOLD
        person.city = world.people[first].city
        if dice.random() < 0.15:
            person.device = world.people[first].device
        world.homes[number] = people


def _voice(person: Person, brand: int, moved: bool, dice: random.Random) -> tuple[int, float]:
    """(how many contacts hear it, with which probability each comes)."""
    if person.role == LOUDMOUTH:
        return dice.randint(20, 60), 0.22
    if person.role == SPREADER and brand in person.focus:
        return dice.randint(8, 20), 0.42
    if dice.random() > (0.5 if moved else 0.3):
        return 0, 0.0
    return dice.randint(3, 12), 0.18 if moved else 0.12


@dataclass
class _Arrivals:
    """Who is yet to come to which brand, the earliest first; ties in the order of `add`."""

    queue: list[tuple[float, int, int, int, int | None, bool]] = field(default_factory=list)
    added: int = 0

    def add(self, at: float, brand: int, person: int, sharer: int | None, moved: bool) -> None:
        self.added += 1
        heapq.heappush(self.queue, (at, self.added, brand, person, sharer, moved))


def _spread(world: World, graph: dict[int, list[int]], dice: random.Random) -> None:
    arrivals = _Arrivals()
    _seed(world, sorted(graph), arrivals, dice)
    seen: set[tuple[int, int]] = set()
    while arrivals.queue:
        at, _, brand, number, sharer, moved = heapq.heappop(arrivals.queue)
        if at > DAYS or sharer == number or (brand, number) in seen:
            continue
        if sharer is not None and world.people[sharer].joined_at is None:
            continue  # a teacher who did not stay has no link
        seen.add((brand, number))
        if _comes(world, at, brand, number, sharer, moved, dice):
            _tell_others(world, graph, arrivals, at, brand, number, moved, dice)


def _seed(world: World, numbers: list[int], arrivals: _Arrivals, dice: random.Random) -> None:
    """Those whom no member brings."""
    spreaders = [p.number for p in world.people.values() if p.role == SPREADER]
    loud = [p.number for p in world.people.values() if p.role == LOUDMOUTH]
    for brand in range(BRANDS):
        for number in (*dice.sample(numbers, SEEDS_PER_BRAND), *dice.sample(loud, 8)):
            arrivals.add(dice.uniform(0, DAYS / 2), brand, number, None, False)
    for number in spreaders:  # most of them hear of what they care about somehow
        for brand in sorted(world.people[number].focus):
            if dice.random() < 0.7:
                arrivals.add(dice.uniform(0, DAYS / 2), brand, number, None, False)
    for fan in world.people.values():
        if fan.fan_of is not None and dice.random() < 0.5:
            arrivals.add(dice.uniform(0, DAYS), fan.fan_of, fan.number, None, False)
    _seed_classes(world, arrivals, dice)


def _seed_classes(world: World, arrivals: _Arrivals, dice: random.Random) -> None:
    """A teacher shows a brand to the class in one lesson."""
    for teacher, pupils in world.classes:
        brand, lesson = dice.randrange(BRANDS), dice.uniform(10, 70)
        arrivals.add(lesson - 0.2, brand, teacher, None, True)
        for pupil in pupils:
            if dice.random() < 0.8:
                arrivals.add(lesson + dice.uniform(0.01, 0.06), brand, pupil, teacher, True)


def _comes(
    world: World,
    at: float,
    brand: int,
    number: int,
    sharer: int | None,
    moved: bool,
    dice: random.Random,
) -> bool:
    """Whether a person stays, as a member; some only look, and leave."""
    person, joins = world.people[number], False
    if person.joined_at is None:
        if dice.random() > (0.85 if sharer is None or moved else 0.6):
            return False
        joins = sharer is not None
        person.joined_at = at
        person.parent, person.parent_brand = sharer, brand if joins else None
    world.reaches.append(Reach(brand, number, sharer, at, joins))
    return True


def _tell_others(
    world: World,
    graph: dict[int, list[int]],
    arrivals: _Arrivals,
    at: float,
    brand: int,
    number: int,
    moved: bool,
    dice: random.Random,
) -> None:
    person = world.people[number]
    tells, probability = _voice(person, brand, moved, dice)
    heard = dice.sample(graph[number], min(tells, len(graph[number])))
    moves = person.role == SPREADER and brand in person.focus
    for other in heard:
        if dice.random() < probability:
            wait = dice.uniform(0.01, 0.4) if person.flash else dice.expovariate(1 / 2.5)
            arrivals.add(at + wait, brand, other, number, moves)
    for other in world.homes.get(number, ()):  # at home one shows it to the others
        if other != number and dice.random() < 0.35:
            arrivals.add(at + dice.expovariate(1), brand, other, number, moves)


def _make_rings(world: World, dice: random.Random) -> None:
    """Each leader is a member like others. Three of four rings are made within three days, the
    rest over three weeks."""
    leaders = dice.sample(sorted(world.of_role(ORDINARY)), RINGS)
    following = max(world.people) + 1
    for number, leader in enumerate(leaders):
        chief = world.people[leader]
        chief.role = LEADER
        brand = dice.randrange(BRANDS)
        days = 3.0 if dice.random() < 0.75 else 21.0
        size = dice.randint(6, 24)
        began = dice.uniform(min(chief.joined_at or 0.0, DAYS - days - 3), DAYS - days - 3)
        began = max(began, (chief.joined_at or 0.0) + 0.01)
        ring = Ring(
            leader,
            list(range(following, following + size)),
            dice.choice(("star", "chain", "loop", "bush")),
            dice.choices(("careless", "partly", "careful"), (35, 40, 25))[0],
            dice.random() < 0.7,
        )
        following += size
        mail = dice.choices(("throw-away", "tagged", "ordinary"), (30, 15, 55))[0]
        times = sorted(began + dice.uniform(0.0, days) for _ in ring.accounts)
        for place, (account, at) in enumerate(zip(ring.accounts, times, strict=True)):
            before = [leader, *ring.accounts[:place]]
            by = {
                "star": leader,
                "chain": before[-1],
                "loop": before[-1],
                "bush": dice.choice([leader, leader, *before[-3:]]),
            }[ring.shape]
            network, device = _machine(ring, chief, number, place, dice)
            tagged = mail == "tagged" and dice.random() < 0.7
            world.people[account] = Person(
                account, FALSE, "", network, device,
                f"tagged{number}" if tagged else f"m{account}",
                "mailinator.com" if mail == "throw-away" and dice.random() < 0.8 else "example.org",
                chief.city, joined_at=at + place * 1e-4, parent=by, parent_brand=brand,
            )  # fmt: skip
            world.reaches.append(Reach(brand, account, by, at + place * 1e-4, True))
        world.rings.append(ring)


def _machine(
    ring: Ring, chief: Person, number: int, place: int, dice: random.Random
) -> tuple[str, str]:
    """(network, device) of an account. Of a loop, the leader's machine each third time."""
    if ring.marks == "careful":
        far = dice.random() < 0.8
        network = f"v{number}-{place}" if far else f"carrier{dice.randrange(CARRIERS)}"
        return network, _device(dice)
    if ring.shape == "loop":
        if place % 3 == 1:
            return chief.network, chief.device
        return f"r{number}-{place % 3}-{place if ring.marks == 'partly' else 0}", _device(dice)
    if ring.marks == "careless":
        if dice.random() < 0.7:
            return chief.network, chief.device if dice.random() < 0.6 else f"r{number}-0"
        return f"r{number}-0", f"r{number}-{dice.randrange(2)}"
    return f"r{number}-{dice.randrange(3)}", f"r{number}-{dice.randrange(4)}"


def _contribute(world: World, graph: dict[int, list[int]], dice: random.Random) -> None:
    members = sorted(
        (p for p in world.people.values() if p.joined_at is not None), key=lambda p: p.number
    )
    came: dict[int, list[Reach]] = defaultdict(list)
    for reach in world.reaches:
        came[reach.person].append(reach)
    taught = {pupil for _, pupils in world.classes for pupil in pupils}
    teachers = {teacher for teacher, _ in world.classes}
    for person in members:
        if person.role == FALSE:
            continue
        _post_own(world, person, came[person.number], dice)
        if person.number in taught and person.parent in teachers:
            _post_lesson(world, person, dice)
        if person.fan_of is not None:
            _post_fan(world, person, person.fan_of, dice)
    honest_posts = len(world.posts)
    for ring in world.rings:
        _post_ring(world, ring, dice)
    _praise(world, graph, members, honest_posts, dice)


def _post_own(world: World, person: Person, came: list[Reach], dice: random.Random) -> None:
    lively = 1.2 if person.role == SPREADER else 0.35
    if person.parent is not None and world.people[person.parent].role == LOUDMOUTH:
        lively = 0.1  # came, and left
    _post(world, person, person.joined_at or 0.0, lively, None, dice)
    for reach in came:
        sharer = world.people[reach.sharer] if reach.sharer is not None else None
        if sharer is not None and sharer.role == SPREADER and reach.brand in sharer.focus:
            # A person whom they believe told them.
            _post(world, person, reach.at, 1.2, reach.brand, dice)


def _post_lesson(world: World, pupil: Person, dice: random.Random) -> None:
    joined = pupil.joined_at or 0.0
    for _ in range(_poisson(1.3, dice)):
        world.posts.append(Post(pupil.number, joined + dice.uniform(0.01, 0.1), None, 3))


def _post_fan(world: World, fan: Person, brand: int, dice: random.Random) -> None:
    for _ in range(dice.randint(2, 4)):
        at = (fan.joined_at or 0.0) + dice.expovariate(1 / 10)
        if at < DAYS:
            world.posts.append(Post(fan.number, at, brand, dice.choice((4, 5))))


def _post_ring(world: World, ring: Ring, dice: random.Random) -> None:
    for number in (ring.leader, *ring.accounts):
        brand = world.people[ring.accounts[0]].parent_brand
        began = max(
            world.people[number].joined_at or 0, world.people[ring.accounts[0]].joined_at or 0
        )
        for _ in range(dice.choice((0, 1, 1, 2))):
            about = None if dice.random() < 0.5 else brand
            stars = dice.choice((4, 5, 5)) if about is not None else 5
            at = min(DAYS, began + dice.uniform(0.01, 2))
            world.posts.append(Post(number, at, about, stars))


def _post(
    world: World,
    person: Person,
    since: float,
    mean: float,
    about: int | None,
    dice: random.Random,
) -> None:
    for _ in range(_poisson(mean, dice)):
        at = since + dice.expovariate(1 / 12)
        if at < DAYS:
            brand = about if dice.random() < 0.35 else None
            world.posts.append(Post(person.number, at, brand, dice.choice((1, 2, 3, 4, 4, 5, 5))))


def _praise(
    world: World,
    graph: dict[int, list[int]],
    members: list[Person],
    honest_posts: int,
    dice: random.Random,
) -> None:
    """Confirmations and helpful votes: of neighbours of the city, of friends and of people who
    live or learn together; for a ring's posts, of the ring; and some accounts of rings confirm
    what strangers posted, to look like others."""
    cities: dict[int, list[int]] = defaultdict(list)
    for person in members:
        if person.role != FALSE:
            cities[person.city].append(person.number)
    near = _neighbours(world)
    for number, post in enumerate(world.posts):
        author = world.people[post.person]
        strangers = (0, 0, 1, 1, 2) if number < honest_posts else (0, 0, 0, 1)
        for _ in range(dice.choice(strangers)):
            _vote(world, dice.choice(cities[author.city]), number, dice.expovariate(1))
        known = near.get(post.person) or graph.get(post.person, [])
        if known and author.role != FALSE:
            for other in dice.sample(known, min(len(known), dice.choice((0, 0, 0, 1, 2)))):
                _vote(world, other, number, dice.expovariate(1))
    _praise_of_rings(world, honest_posts, dice)


def _neighbours(world: World) -> dict[int, list[int]]:
    """Whom a person lives or learns with."""
    near = {n: [m for m in home if m != n] for n, home in world.homes.items()}
    for teacher, pupils in world.classes:
        for pupil in pupils:
            near[pupil] = [teacher, *(p for p in pupils if p != pupil)]
    return near


def _vote(world: World, who: int, post: int, after: float) -> None:
    joined = world.people[who].joined_at
    at = max(world.posts[post].at, joined or 0) + after
    if joined is not None and who != world.posts[post].person and at < DAYS + 0.9:
        world.praise.append((who, post, at))


def _praise_of_rings(world: World, honest_posts: int, dice: random.Random) -> None:
    ring_posts: dict[int, list[int]] = defaultdict(list)
    for number in range(honest_posts, len(world.posts)):
        ring_posts[world.posts[number].person].append(number)
    for ring in world.rings:
        people = [ring.leader, *ring.accounts]
        own = [number for of_ring in people for number in ring_posts[of_ring]]
        for number in own if ring.praise else ():
            for other in dice.sample(people, min(len(people), dice.randint(2, 5))):
                _vote(world, other, number, 0.1)
        for account in ring.accounts:
            if dice.random() < 0.3:
                for number in dice.sample(range(honest_posts), dice.choice((1, 2))):
                    _vote(world, account, number, dice.uniform(0, 1))


def _poisson(mean: float, dice: random.Random) -> int:
    count, left = 0, dice.expovariate(1)
    while left < mean:
        count, left = count + 1, left + dice.expovariate(1)
    return count
