"""The words shoppers use for what the labels say, and captions made of them at random."""

from dataclasses import dataclass
from random import Random

from models.training.labels import Label

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "black": ("black", "black", "jet black"),
    "white": ("white", "white", "off-white", "ivory"),
    "blue": ("blue", "blue", "light blue", "sky blue", "royal blue"),
    "grey": ("grey", "gray", "grey", "dark grey", "light gray", "charcoal", "silver"),
    "navy": ("navy", "navy blue", "dark blue", "navy"),
    "red": ("red", "red", "dark red", "burgundy", "maroon"),
    "pink": ("pink", "pink", "rose", "light pink", "hot pink", "salmon"),
    "beige": ("beige", "cream", "beige", "sand", "tan", "nude"),
    "green": ("green", "green", "dark green", "olive", "khaki", "mint"),
    "brown": ("brown", "brown", "dark brown", "chocolate", "camel"),
    "purple": ("purple", "purple", "violet", "lilac", "lavender"),
    "turquoise": ("turquoise", "teal", "turquoise", "aqua", "cyan"),
    "yellow": ("yellow", "yellow", "mustard", "gold"),
    "orange": ("orange", "orange", "coral"),
    "multicolour": ("multicolour", "multicolored", "colourful", "colorful", "rainbow"),
}
CATEGORY_WORDS: dict[str, tuple[str, ...]] = {
    "dress": ("dress", "dress", "dress", "dresses", "gown", "frock"),
    "hat": ("hat", "hat", "hats", "headwear", "cap or hat"),
    "longsleeve": (
        "longsleeve", "long sleeve", "long-sleeve top", "long sleeve shirt", "sweater", "long sleeved top", "pullover",
    ),
    "outwear": ("outwear", "jacket", "jacket", "coat", "outerwear", "jackets", "coats"),
    "pants": ("pants", "trousers", "pants", "trousers", "long pants", "bottoms"),
    "shirt": ("shirt", "shirt", "shirts", "button-up shirt", "button-down shirt", "collared shirt"),
    "shoes": ("shoes", "shoes", "shoes", "footwear", "pair of shoes", "shoe"),
    "shorts": ("shorts", "shorts", "short pants", "pair of shorts"),
    "skirt": ("skirt", "skirt", "skirts"),
    "t-shirt": ("t-shirt", "t-shirt", "tee", "t shirt", "tshirt", "t-shirts", "tee shirt"),
}  # fmt: skip
PATTERN_WORDS: dict[str, tuple[str, ...]] = {
    "plain": ("plain", "solid", "plain", "unicolour", "simple"),
    "graphic": ("graphic", "printed", "graphic print", "logo", "with a print"),
    "striped": ("striped", "striped", "stripes", "with stripes", "stripy"),
    "floral": ("floral", "flowery", "with flowers", "flower print", "floral"),
    "checked": ("checked", "plaid", "checkered", "tartan", "gingham", "check"),
    "geometric": ("geometric", "geometric print", "abstract"),
    "other": ("patterned", "with a pattern"),
    "dotted": ("dotted", "polka dot", "spotted", "with dots"),
    "animal": ("animal print", "leopard", "leopard print", "zebra"),
    "camouflage": ("camouflage", "camo", "military"),
    "lace": ("lace", "lacy"),
}
MATERIAL_WORDS: dict[str, tuple[str, ...]] = {
    "denim": ("denim", "jeans", "jean", "denim"),
    "knit": ("knit", "knitted", "woollen", "wool", "knitwear"),
    "leather": ("leather", "leather", "faux leather"),
    "quilted": ("quilted", "padded", "puffer", "down"),
    "lace": ("lace", "lacy"),
    "fur": ("fur", "faux fur", "fluffy"),
}
STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "casual": ("casual", "everyday", "casual"),
    "formal": ("formal", "elegant", "business", "office", "smart", "classic"),
    "sport": ("sport", "sports", "sporty", "running", "gym", "athletic", "training"),
    "outdoor": ("outdoor", "outdoor", "hiking", "weatherproof"),
    "party": ("party", "evening", "cocktail", "festive"),
    "beach": ("beach", "beach", "holiday", "swimming"),
}
AGE_WORDS: dict[str, tuple[str, ...]] = {
    "adult": ("adult", "women's", "men's", "adults"),
    "kids": ("kids", "children's", "kid's", "child", "baby", "toddler", "girls", "boys"),
}
# A noun part (the longest that ends or occurs in the label's noun) and what else people call it.
NOUN_WORDS: dict[str, tuple[str, ...]] = {
    "jeans": ("jeans", "denim pants", "denim trousers", "jean", "blue jeans"),
    "leggings": ("leggings", "tights"),
    "sweatpants": ("sweatpants", "joggers", "jogging pants", "track pants", "sweat pants"),
    "track pants": ("track pants", "sport pants", "joggers"),
    "trousers": ("trousers", "pants", "slacks"),
    "sneakers": ("sneakers", "trainers", "sport shoes", "running shoes", "tennis shoes", "sneaker"),
    "sandals": ("sandals", "summer shoes"),
    "boots": ("boots", "winter shoes", "boot"),
    "heels": ("heels", "high heels", "pumps", "stilettos"),
    "ballet flats": ("ballet flats", "flats", "ballerinas"),
    "loafers": ("loafers", "moccasins"),
    "dress shoes": ("dress shoes", "oxford shoes", "formal shoes"),
    "flip-flops": ("flip-flops", "flip flops", "beach shoes"),
    "slippers": ("slippers", "house shoes"),
    "hoodie": ("hoodie", "hooded sweatshirt", "hoody"),
    "sweatshirt": ("sweatshirt", "jumper", "pullover"),
    "sweater": ("sweater", "jumper", "pullover", "knitwear"),
    "cardigan": ("cardigan", "knit jacket"),
    "turtleneck": ("turtleneck", "roll neck", "polo neck"),
    "blouse": ("blouse", "women's shirt", "ladies' shirt"),
    "puffer jacket": ("puffer jacket", "down jacket", "winter jacket", "padded jacket"),
    "puffer coat": ("puffer coat", "down coat", "winter jacket", "winter coat", "padded coat"),
    "parka": ("parka", "winter jacket", "winter coat", "warm jacket"),
    "ski jacket": ("ski jacket", "winter jacket", "snow jacket"),
    "winter jacket": ("winter jacket", "winter coat", "warm jacket"),
    "snowsuit": ("snowsuit", "winter suit", "kids winter jacket"),
    "coat": ("coat", "overcoat", "winter coat"),
    "raincoat": ("raincoat", "rain jacket", "waterproof jacket"),
    "windbreaker": ("windbreaker", "wind jacket", "light jacket", "windcheater"),
    "vest": ("vest", "gilet", "body warmer", "sleeveless jacket"),
    "blazer": ("blazer", "suit jacket", "sport coat"),
    "baseball cap": ("baseball cap", "cap", "hat"),
    "cap": ("cap", "hat"),
    "beanie": ("beanie", "winter hat", "knit hat", "wool hat"),
    "sundress": ("sundress", "summer dress", "light dress"),
    "sleeveless dress": ("sleeveless dress", "summer dress"),
    "slip dress": ("slip dress", "summer dress"),
    "strapless dress": ("strapless dress", "summer dress", "beach dress"),
    "maxi dress": ("maxi dress", "long dress", "summer dress"),
    "cocktail dress": ("cocktail dress", "party dress", "evening dress"),
    "bodycon dress": ("bodycon dress", "tight dress", "fitted dress"),
    "sheath dress": ("sheath dress", "pencil dress"),
    "mini skirt": ("mini skirt", "short skirt", "miniskirt"),
    "maxi skirt": ("maxi skirt", "long skirt"),
    "swim shorts": ("swim shorts", "swimming trunks", "beach shorts", "board shorts"),
    "polo shirt": ("polo shirt", "polo"),
}
FILLERS = (
    "nice", "new", "cheap", "beautiful", "modern", "comfortable", "cool", "stylish", "good", "best",
    "i am looking for a", "show me", "i want", "for work", "for me", "my", "the", "some", "really nice",
)  # fmt: skip
TEMPLATES = (
    "{}", "{}", "{}", "{}", "a {}", "a photo of a {}", "a photo of {}", "photo of a {}", "an image of a {}",
    "this is a {}", "one {}", "{} for sale", "buy {}",
)  # fmt: skip


@dataclass(frozen=True)
class Caption:
    """A text and the label fields that it names (`category` stands for any garment word)."""

    text: str
    fields: frozenset[str]


def make_caption(label: Label, rng: Random) -> Caption:
    """A caption that names some of what the label says; colour and garment most often."""
    kind = rng.random()
    if kind < 0.08:
        return Caption(_dressed_up(_colour_alone(label.colour, rng), rng), frozenset(("colour",)))
    if kind < 0.16:
        return Caption(_dressed_up(garment_words(label, rng), rng), frozenset(("category",)))
    if kind < 0.42:
        text = coloured(rng.choice(COLOUR_WORDS[label.colour]), garment_words(label, rng), rng)
        return Caption(_dressed_up(text, rng), frozenset(("category", "colour")))
    return _full_caption(label, rng)


def garment_words(label: Label, rng: Random) -> str:
    """The noun as labelled, an everyday synonym of it, or a word for its category."""
    choice = rng.random()
    if choice < 0.4:
        return rng.choice(CATEGORY_WORDS[label.category])
    if choice < 0.7:
        for part, words in NOUN_WORDS.items():
            if part in label.noun:
                return rng.choice(words)
    return label.noun


def coloured(colour: str, garment: str, rng: Random) -> str:
    return f"{garment} in {colour}" if rng.random() < 0.12 else f"{colour} {garment}"


def _full_caption(label: Label, rng: Random) -> Caption:
    """Adjectives in a shopper's usual order, each present at its own rate."""
    words: list[str] = []
    fields = {"category"}
    for field, value, rate, table in (
        ("age_group", label.age_group, 0.7 if label.age_group == "kids" else 0.08, AGE_WORDS),
        ("style", label.style, 0.15 if label.style == "casual" else 0.4, STYLE_WORDS),
        ("colour", label.colour, 0.65, COLOUR_WORDS),
        ("pattern", label.pattern, 0.2 if label.pattern == "plain" else 0.6, PATTERN_WORDS),
        ("material", label.material, 0.6, MATERIAL_WORDS),
    ):
        if value and rng.random() < rate:
            words.append(rng.choice(table[value]))
            fields.add(field)
            if field == "colour" and label.colour2 and rng.random() < 0.25:
                words.append(f"and {rng.choice(COLOUR_WORDS[label.colour2])}")
                fields.add("colour2")
    if rng.random() < 0.1:
        rng.shuffle(words)
    return Caption(_dressed_up(" ".join([*words, garment_words(label, rng)]), rng), frozenset(fields))


def _colour_alone(colour: str, rng: Random) -> str:
    return rng.choice(COLOUR_WORDS[colour]) + rng.choice(("", "", " clothes", " garment", " clothing", " colour"))


def _dressed_up(text: str, rng: Random) -> str:
    if rng.random() < 0.08:
        text = f"{rng.choice(FILLERS)} {text}"
    return rng.choice(TEMPLATES).format(text)
