"""What is particular to each line of business: its faults, questions, details, virtues, repairs."""

from typing import Final

from streams.sample.phrases.trades_home import BANK, GROCER
from streams.sample.phrases.trades_tech import PHONES, STREAMING, TELECOM

AIRLINE: Final = {
    "fault": """
my bag did not come out in <city>
our flight to <city> is delayed by <n> hours and nobody says why
you cancelled my flight to <city> by text
the app shows no boarding pass
I was charged twice for the same seat
my refund for <ref> has not arrived
we were split up although we paid for seats together
the check-in page keeps crashing at the passport step
my suitcase came back with a broken wheel
my middle name is missing on the ticket
the pushchair is lost somewhere between here and <city>
no vegetarian meal on board although I booked one
the connection in <city> was missed because of you
my miles from the <city> trip are not on my account
the gate was closed <n> minutes early
the seat would not go back and the screen was dead
""",
    "fault_short": """
lost my bag
is late again
cancelled on us
charges for water now
left us on the tarmac for <n> hours
""",
    "ask": """
do you fly to <city> in winter?
how do I change the name on a booking?
can I bring a violin as hand luggage?
what is the limit for hold bags to <city>?
is <ref> still on time?
can I move my flight to <weekday>?
where do I claim for a late bag?
do children need their own seat under two?
is there wifi on the <city> route?
""",
    "ask_short": """
flies to <city>
takes dogs in the cabin
refunds quickly
""",
    "own_detail": """
booking <ref>
flight AV<n>1<n> to <city>
the black case with a red ribbon
row <n>2, by the window
terminal 2, desk <n>
travelling with <n> people
we were due at <hour>
bag tag <ref>
""",
    "good": """
roomy seats
crew that smiles
boarding was quick and calm
decent coffee on board
the <city> lounge is lovely
fair prices to <city>
""",
    "bad": """
the wifi is slow
legroom for hamsters
the food tastes of box
too many extra fees
the app is a maze
boarding is chaos every time
""",
    "vent_own": """
more delays than flights
flying cattle class would be an upgrade
an airline in name only
the only thing on time was the excuse
""",
    "praise_own": """
lovely crew on the <city> flight, thank you
thank you for finding my daughter's bear in <city>
smoothest landing ever, compliments to the captain
your ground staff in <city> were angels
""",
    "praise_short": """
always gets me home
treats nervous flyers
hands out sweets at landing
""",
    "askback": """
Which flight was it?
Could you give us the bag tag number?
What's the name on the booking?
When did you land?
Did you file a report at the airport?
""",
    "fix": """
your bag has been found and travels tonight.
we've moved you to the next flight at no cost.
the refund was released today and takes three working days.
please try the check-in again, it should work now.
hand luggage may be 8 kg on that route.
your miles have been added.
""",
    "post_own": """
New route: <city> from June, three times a week.
Fog in <city> this morning, please check your flight before you leave.
Say hello to our newest aircraft!
""",
}

TRADES: Final = {
    "airline": AIRLINE,
    "telecom": TELECOM,
    "bank": BANK,
    "grocer": GROCER,
    "streaming": STREAMING,
    "phones": PHONES,
}
