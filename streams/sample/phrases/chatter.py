"""Talk that concerns no brand at all: most of any public stream."""

from typing import Final

CHATTER: Final = {
    "chatter": """
<weather> in <city> today
<weather> again, where is my umbrella
cannot believe it is <weekday> already
who is watching the match tonight?
that last episode, no words
coffee number <n> and it's not even noon
new personal best: <n> km before breakfast
my <pet> just <pet_did>
the <pet> has <pet_did> and looks proud of it
does anyone have a good recipe for <food>?
<food> for dinner, no regrets
made <food> from scratch, only <n> pans ruined
<n> pages left and I don't want it to end
can we talk about how good <food> is
ok twitter, <food> or <food>?
neighbours are drilling since <hour>, send help
happy birthday <name>!!
congrats <name>, so proud of you
good night from <city>
good morning <city>
sunset over <city> tonight, wow
bus 4<n> late, train early, me confused
somebody left a <food> on the bench and I have questions
trying to learn the banjo, sorry everybody
my plants are dying one by one, tips?
unpopular opinion: <food> belongs on toast
what a goal!!
ref needs glasses
the trailer is out and I screamed
monday should be illegal
found my old diary, oh dear
<name> said yes!
thread: why I moved to <city> (1/<n>)
just finished a <n> hour shift
gym was packed, went home, had <food>
nobody: ... my <pet> at 4 am: <pet_did>
today's mood: <food>
I miss the sea
who else can't sleep
<n> unread emails and counting
""",
    "weather": """
rain
snow
fog
sunshine
hail and sunshine
a proper storm
not a cloud
drizzle, endless drizzle
""",
    "pet": """
cat
dog
parrot
rabbit
hamster
goose next door
toddler
tortoise
""",
    "pet_did": """
stole a whole sandwich
learned to open doors
slept on my keyboard
chased its own shadow
knocked over the tree
barked at the moon
ate the remote
hid under the sofa
""",
    "food": """
pancakes
dumplings
a cheese toastie
lentil soup
banana bread
noodles
pickles
pizza
mango sorbet
beans
""",
    "city": """
Leeds
Porto
Gdansk
Lyon
Austin
Nairobi
Osaka
Bergen
Turin
Quito
Perth
Dublin
Malmo
Graz
Halifax
Pune
""",
    "hour": """
6 pm
7 am
noon
half past eight
nine
5 in the morning
""",
    "name": """
Mara
Tom
Aisha
Jonas
Priya
Luca
Noor
Ewan
Sofia
Kofi
Hana
Rui
Ines
Dmitri
Yuki
Olu
""",
}
