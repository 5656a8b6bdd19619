"""Prompts as shoppers type them, as many as a run needs, no two alike."""


def _of(text: str) -> list[str]:
    return text.split(",")


COLOURS = _of("red,blue,green,black,white,grey,beige,brown,navy,pink,purple,yellow,orange,cream,olive,burgundy")
MATERIALS = _of("cotton,linen,denim,leather,wool,silk,velvet,suede,corduroy,fleece,jersey,satin,knitted,quilted")
KINDS = _of(
    "dress,shirt,jacket,coat,jeans,skirt,blouse,jumper,cardigan,hoodie,trousers,shorts,boots,trainers,sandals,loafers,"
    "scarf,hat,belt,handbag,backpack,swimsuit,pyjamas,socks,gloves,vest,blazer,polo,tunic,dungarees,leggings"
)
DETAILS = _of(",striped,checked,floral,plain,oversized,slim,cropped,pleated,hooded,embroidered")
OCCASIONS = _of(
    ",for summer,for winter,for work,for a wedding,for the beach,for running,for hiking,for school,for a party,"
    "for rainy days,for travelling,under 50 euros,for my grandmother,for a date"
)
PARTS = (DETAILS, COLOURS, MATERIALS, KINDS, OCCASIONS)
COUNT = len(DETAILS) * len(COLOURS) * len(MATERIALS) * len(KINDS) * len(OCCASIONS)
_STRIDE = 700_001
"""A prime that does not divide COUNT: neighbours share few words, and every prompt comes once."""


def prompt(number: int) -> str:
    """Of 3 to 7 words; different for each number below COUNT."""
    if number >= COUNT:
        raise ValueError(f"there are {COUNT} prompts")
    rest = number * _STRIDE % COUNT
    words: list[str] = []
    for part in PARTS:
        rest, which = divmod(rest, len(part))
        words.append(part[which])
    return " ".join(word for word in words if word)
