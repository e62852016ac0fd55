"""What the made-up samples are put together from. Every phrase was written for this project."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EVENTS", "FRAMES", "HEROES", "JUDGEMENTS", "VOICES", "Voice"]

JUDGEMENTS = {
    2: ("superb", "outstanding", "flawless", "brilliant", "wonderful", "first class"),
    1: ("good", "decent", "pleasing", "solid", "likeable", "quite nice"),
    0: ("ordinary", "average", "so-so", "passable", "middling", "much like the others"),
    -1: ("weak", "dull", "disappointing", "clumsy", "tiresome", "rather poor"),
    -2: ("dreadful", "worthless", "hopeless", "appalling", "a disaster", "beyond repair"),
}
"""Grade (-2 ... 2) to words of that grade."""

FRAMES = (
    "the {thing} is {word}",
    "i found the {thing} {word}",
    "this {thing} turned out {word}",
    "for me the {thing} was {word}",
    "after all the talk the {thing} seems {word}",
    "my brother calls the {thing} {word}",
)


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How people speak about one kind of thing."""

    things: tuple[str, ...]
    praise: tuple[str, ...]
    blame: tuple[str, ...]
    facts: tuple[str, ...]
    """Clauses that judge nothing."""


VOICES = {
    "film": Voice(
        things=("film", "script", "cast", "ending", "score", "camera work", "sequel", "comedy"),
        praise=("i laughed until the lights came on", "the leads light up every scene", "two hours fly by",
                "it stays with you for days", "the last act gave me goose bumps"),
        blame=("i looked at my watch all the time", "the jokes fall flat", "nobody seems to have read the plot",
               "half the audience had left by the end", "it never finds its feet"),
        facts=("it runs for two hours", "it was shot in winter", "the hero is a baker", "it opens on friday"),
    ),
    "gadgets": Voice(
        things=("camera", "battery", "phone", "screen", "player", "remote", "menu", "zoom lens"),
        praise=("it worked right out of the box", "a charge lasts for a week", "the pictures come out sharp",
                "anybody can set it up in a minute", "calls are crystal clear"),
        blame=("it froze twice on the first day", "the buttons stick", "support never wrote back",
               "it drains within an hour", "i sent it back"),
        facts=("it comes with a cable", "i use it at work", "it takes two cards", "mine is the grey one"),
    ),
    "books": Voice(
        things=("novel", "author", "chapter on the war", "translation", "biography", "plot", "prose", "cookbook"),
        praise=("i could not put it down", "each page teaches you something", "i read it again at once",
                "the characters feel like old friends", "i lent it to all my neighbours"),
        blame=("i gave up after fifty pages", "the story goes nowhere", "it is full of misprints",
               "the same point is made over and over", "save the trees"),
        facts=("it has three hundred pages", "it is set in a harbour town", "i bought it for my course"),
    ),
    "dvd": Voice(
        things=("disc", "movie", "transfer", "box set", "season", "bonus material", "concert", "soundtrack"),
        praise=("we watch it every holiday", "the picture is sharper than in the cinema", "the extras are worth it",
                "the children sing along", "the whole family was glued to the sofa"),
        blame=("it skips in the middle", "we switched it off", "the subtitles are out of step",
               "the picture is grainy", "the extras are just trailers"),
        facts=("it has four episodes", "it comes in a cardboard case", "the show ran for two years"),
    ),
    "electronics": Voice(
        things=("headset", "router", "keyboard", "cable", "speaker", "printer", "charger", "radio"),
        praise=("it paired in seconds", "the sound fills the room", "it has run for a year without a hitch",
                "set-up took two minutes", "the range is amazing"),
        blame=("it died after a week", "it hisses at any volume", "it drops the connection",
               "the driver crashes my computer", "the plug came loose"),
        facts=("it has two ports", "it sits on my desk", "it is made of black plastic"),
    ),
    "kitchen": Voice(
        things=("pan", "kettle", "knife", "blender", "toaster", "coffee maker", "mixing bowl", "oven glove"),
        praise=("nothing sticks to it", "it cleans up with one wipe", "my bread has never been better",
                "it slices like butter", "it boils in no time"),
        blame=("it leaks on the counter", "the handle came off", "it rusted in a month",
               "everything burns in it", "the lid does not fit"),
        facts=("it holds two litres", "it goes into the cupboard", "i use it on sundays"),
    ),
    "tweets": Voice(
        things=("new track", "bus ride", "match", "coffee here", "lecture", "weather", "update", "party last night"),
        praise=("cant stop smiling", "best day in ages", "love you all", "this made my week", "yes yes yes"),
        blame=("i am so done", "worst monday ever", "i want to cry", "never again", "who thought of this"),
        facts=("on my way home", "back at eight", "waiting for the train", "see you there"),
    ),
}  # fmt: skip
"""Kind of thing to how people speak about it."""

HEROES = (
    "a retired sailor", "a young widow", "the night porter", "an unlucky thief", "a village teacher",
    "the twins", "a boxer past his prime", "a runaway bride", "the mayor's daughter", "a homesick cook",
)  # fmt: skip
EVENTS = (
    "returns to the island to sell the house", "finds a letter under the floor", "has one night to leave the city",
    "takes a job at the circus", "is sent to the front", "falls in love with a spy", "must raise the ransom by noon",
    "wakes up in another man's flat", "sets out to find the lost brother", "opens a bakery next to the prison",
)  # fmt: skip
"""Steps of a plot: with a hero in front, a sentence that judges nothing."""
