"""People who do not exist, to buy the tickets."""

from ticket_pipeline.sandbox.chance import dice, guid
from ticket_pipeline.sandbox.entities import Buyer

FIRST_NAMES = (
    "Ada", "Bogdan", "Chiara", "Dilnoza", "Emeka", "Frida", "Grace", "Hiroshi", "Ingrid", "Joaquín",
    "Khadija", "Liam", "Mei", "Noor", "Olena", "Priya", "Quentin", "Rosa", "Søren", "Tomás",
    "Uma", "Viktor", "Wanjiru", "Ximena", "Yusuf", "Zoë", "محمد", "さくら",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Bianchi", "Castillo", "Dahl", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jansen",
    "Kowalska", "Lindqvist", "Mbeki", "Nakamura", "O'Brien", "Papadakis", "Quispe", "Rossi", "Sørensen",
    "Tanaka", "Ueda", "Van der Berg", "Weiß", "Xu", "Öztürk", "Zhou",
)  # fmt: skip


def buyer(*seed: object) -> Buyer:
    """Make up a person, the same for the same seed; addresses end in example domains."""
    chance = dice("buyer", *seed)
    contact_id = guid("contact", *seed)
    return Buyer(
        first_name=chance.choice(FIRST_NAMES),
        last_name=chance.choice(LAST_NAMES),
        email=f"guest-{contact_id[:8]}@example.com",
        phone=f"+1555{chance.randrange(10**7):07d}",
        contact_id=contact_id,
        member_id=guid("member", *seed) if chance.random() < 0.3 else None,
    )
