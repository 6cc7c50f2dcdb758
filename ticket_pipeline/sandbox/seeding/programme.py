"""The showcase: about a dozen events, one for each thing that a client should get right."""

from ticket_pipeline.sandbox.seeding.tiers import DAY, HOUR, MINUTE, Show, Tier

JAZZ = Show(
    slug="midsummer-night-jazz",
    title="Midsummer Night Jazz",
    summary="Three bands by the fjord, until the sun does not set.",
    starts=30 * DAY,
    currency="EUR",
    city="Bergen",
    venue="Bryggen Stage",
    tiers=(
        Tier(
            name="Early Bird", fixed="35.00", limit=80, sold=80, opens=-60 * DAY, closes=-10 * DAY,
            shown_off_sale=True,
        ),
        Tier(
            name="General Admission", fixed="49.00", limit=200, sold=137, opens=-10 * DAY, closes=30 * DAY,
            description="Standing room.", policy="No refunds.",
            extended={"namespaces": {"@sandbox/box-office": {"externalId": "EXT-42"}}},
        ),
        Tier(name="Last Minute", fixed="65.00", limit=50, opens=28 * DAY, closes=30 * DAY, shown_off_sale=True),
        Tier(name="VIP & Dinner", fixed="189.00", limit=12, sold=9, opens=-10 * DAY, fee_type="FEE_INCLUDED"),
        Tier(name="Livestream", fixed="9.90", limit=None, sold=21, fee_type="FEE_INCLUDED"),
        Tier(name="Crew", fixed="0", limit=15, hidden=True, fee_type="NO_FEE"),
        Tier(name="Friend of the House", guest="10.00", limit=None, sold=4, opens=-10 * DAY),
        Tier(name="Family", options=(("Adult", "45.00"), ("Child", "15.00"), ("Baby", "0")), limit=60, sold=8),
    ),
)  # fmt: skip

UNPLUGGED = Show(
    slug="ada-and-friends-unplugged",
    title='Ada & Friends <Live> "Unplugged"',
    summary="It's on right now.",
    starts=-HOUR,
    lasts=4 * HOUR,
    city="Austin",
    country="US",
    venue='The "Cactus" <Café>',
    time_zone="America/Chicago",
    tiers=(
        Tier(name="At the Door <cash> & card", fixed="25.00", limit=150, sold=149, opens=-2 * HOUR),
        Tier(name='"Seats" & <sofas>', fixed="40.00", limit=20, sold=17, opens=-20 * DAY, closes=3 * HOUR),
    ),
)

GALA = Show(
    slug="winter-gala",
    title="Winter Gala",
    starts=-45 * DAY,
    currency="GBP",
    city="York",
    country="GB",
    time_zone="Europe/London",
    tiers=(
        Tier(name="Table of Eight", fixed="640.00", limit=10, sold=10, opens=-120 * DAY, closes=-50 * DAY),
        Tier(name="Raffle", guest="0", limit=None, sold=31, opens=-120 * DAY, closes=-45 * DAY),
    ),
)

SECRET = Show(
    slug="secret-show",
    title="Secret Show",
    starts=50 * DAY,
    stage="draft",
    tiers=(Tier(name="Whisper", fixed="20.00", limit=40), Tier(name="Shout", fixed="30.00", limit=40)),
)

CINEMA = Show(
    slug="open-air-cinema-metropolis",
    title="Open-Air Cinema: Metropolis",
    summary="Cancelled: the screen blew away.",
    starts=5 * DAY,
    currency="CHF",
    city="Zürich",
    country="CH",
    time_zone="Europe/Zurich",
    stage="canceled",
    tiers=(Tier(name="Deckchair", fixed="22.50", limit=120, sold=40, opens=-20 * DAY),),
)

TINY = Show(
    slug="tiny-room-night",
    title="Tiny Room Night",
    starts=9 * DAY,
    city="Portland",
    country="US",
    time_zone="America/Los_Angeles",
    tiers=(
        Tier(name="Floor", fixed="18.00", limit=30, sold=30, opens=-15 * DAY),
        Tier(name="Window Sill", fixed="12.00", limit=6, sold=6, opens=-15 * DAY),
    ),
)

SWAN_LAKE = Show(
    slug="swan-lake",
    title="Swan Lake",
    starts=20 * DAY,
    currency="EUR",
    city="Wien",
    country="AT",
    time_zone="Europe/Vienna",
    tiers=(
        Tier(name="Stalls", fixed="85.00", seats=(5, 10), sold=23, opens=-30 * DAY),
        Tier(name="Balcony", fixed="55.00", seats=(3, 8), section="Balcony", sold=24, opens=-30 * DAY),
        Tier(name="Standing", fixed="15.00", limit=40, opens=19 * DAY + 22 * HOUR, shown_off_sale=True),
    ),
)

HANAMI = Show(
    slug="hanami-concert",
    title="桜まつりコンサート 🌸",
    summary="Under the cherry trees.",
    starts=14 * DAY,
    currency="JPY",
    city="東京",
    country="JP",
    time_zone="Asia/Tokyo",
    tiers=(
        Tier(name="一般 🌸", fixed="4500", limit=300, sold=112, opens=-7 * DAY),
        Tier(name="学生", options=(("高校生", "2500"), ("大学生", "3000")), limit=100, sold=12, opens=-7 * DAY),
    ),
)

KUWAIT = Show(
    slug="kuwait-music-festival",
    title="مهرجان الكويت للموسيقى",
    starts=25 * DAY,
    currency="KWD",
    city="الكويت",
    country="KW",
    time_zone="Asia/Kuwait",
    tiers=(
        Tier(name="تذكرة عامة", fixed="12.500", limit=500, sold=75, opens=-3 * DAY),
        Tier(name="كبار الشخصيات 👑", fixed="60.750", limit=20, sold=3, opens=-3 * DAY),
    ),
)

CENTURY = Show(
    slug="century-festival",
    title="The Century Festival",
    summary="A hundred stages, a hundred tickets.",
    starts=90 * DAY,
    lasts=3 * DAY,
    tiers=tuple(
        Tier(name=f"Stage {n:03d}", fixed=f"{10 + n}.00", limit=20 + n, sold=n % 5, opens=-DAY) for n in range(1, 101)
    ),
)

MEETUP = Show(
    slug="neighbourhood-meet-up",
    title="Neighbourhood Meet-up",
    starts=3 * DAY,
    registration="RSVP",
)

MARATHON = Show(
    slug="autumn-half-marathon",
    title="Autumn Half-Marathon",
    starts=120 * DAY,
    currency="EUR",
    city="Tromsø",
    tiers=(
        Tier(name="Opens in Ten Minutes", fixed="30.00", limit=500, opens=10 * MINUTE, shown_off_sale=True),
        Tier(name="Opens Tomorrow", fixed="40.00", limit=500, opens=DAY, closes=60 * DAY),
        Tier(name="Opens Tomorrow, Charity", guest="50.00", limit=None, opens=DAY, closes=60 * DAY),
        Tier(name="Price to Come", limit=100, opens=7 * DAY),
        Tier(name="Cheers & Water", fixed="0", limit=None, sold=6, fee_type="NO_FEE"),
    ),
)

IMPROV = tuple(
    Show(
        slug=f"friday-improv-{week}",
        title="Friday Improv",
        starts=week * 7 * DAY - 3 * DAY,
        currency="EUR",
        online=True,
        category="friday-improv",
        tiers=(Tier(name="Seat", fixed="8.00", limit=60, sold=20 - 10 * week, opens=-14 * DAY),),
    )
    for week in range(3)
)

PROGRAMME = (
    GALA, CINEMA, JAZZ, UNPLUGGED, SECRET, TINY, SWAN_LAKE, HANAMI, KUWAIT, CENTURY, MEETUP, MARATHON,
    *IMPROV,
)  # fmt: skip
