"""Banking and groceries."""

from typing import Final

BANK: Final = {
    "fault": """
my card was declined at the till
the app logs me out every <n> seconds
a transfer from <weekday> has not arrived
I cannot see my balance
the cash machine in <city> kept my card
the text with the code never comes
my account is locked and I can't pay rent
you charged me a fee of <n>5 for nothing
my new card has not come after <n> weeks
the same payment went out twice
direct debit for <ref> bounced though there was money
the branch in <city> was shut in the middle of the day
face login does not know me any more
my mortgage letter has the wrong name on it
exchange rate in the app was wrong
""",
    "fault_short": """
declined my card
locked me out
is down on payday
closed our branch
""",
    "ask": """
how do I raise my card limit?
what are the opening hours in <city>?
how long does a transfer abroad take?
can I open an account for my son?
do you charge for cash abroad?
how do I block a card?
what papers do I need for a loan?
""",
    "ask_short": """
takes new customers
charges abroad
has a branch in <city>
""",
    "own_detail": """
the payment of <weekday>, reference <ref>
IBAN <iban>
the card ending in <n>4<n>1
app version <n>.<n>
the machine next to the station
account in both our names
case <ref>
phone ends with 01<n>2
""",
    "good": """
no fees abroad
the app is clear and fast
real people in the branch
loan approved within a day
good rate on savings
""",
    "bad": """
the app is from the stone age
fees for breathing
branches close one after another
the hotline plays the same song for an hour
rates that nobody else would dare
""",
    "vent_own": """
my piggy bank has better service
bankers' hours, bankers' manners
robbed by my own bank, feels like
money in, excuses out
""",
    "praise_own": """
thanks for calling when my card looked odd
the lady in the <city> branch was so patient
first loan signed, thank you
spotted a fraud before I did, well done
""",
    "praise_short": """
texts before the rent is due
still has counters
answers the phone
""",
    "askback": """
When did you make the payment?
Do you see an error message in the app?
Which branch was it?
Is it a debit or a credit card?
Have you updated the app?
""",
    "fix": """
the payment has gone through now.
we've unblocked your card.
a new card is in the post.
the fee has been given back.
texts with codes are working again.
please update the app, then log in once more.
""",
    "post_own": """
We never ask for your PIN. Not by phone, not by text, not ever.
Branches close at noon on <weekday>.
Saving for a first home? Our guide is online.
""",
}

GROCER: Final = {
    "fault": """
my order <ref> never came
half of the bag was missing
the milk was a week past its date
eggs all smashed
the driver left everything in the rain
I got somebody else's shopping
was sent <n> onions instead of one
the slot moved from <hour> to <hour> without asking
the voucher does not work at checkout
you substituted bread with cat food
ice cream arrived as soup
the app empties my basket each time
the refund for the bad fruit is missing
no delivery slots in <city> for days
found a piece of plastic in the salad
""",
    "fault_short": """
forgot half my order
is late with dinner
sent the wrong bag
has no slots left
""",
    "ask": """
do you deliver to <city>?
how do I change my slot?
what is the minimum order?
can I give the bags back to the driver?
is there gluten free flour?
do you deliver on a bank holiday?
how do I add a second address?
""",
    "ask_short": """
delivers to <city>
takes bags back
sells oat milk
""",
    "own_detail": """
order <ref>
slot was <hour> on <weekday>
the house with the blue door
driver number <n>1
three items: eggs, milk, bread
voucher <ref>
paid by card, total <n>4.20
photo in the first tweet
""",
    "good": """
fresh fruit every time
drivers that wave
slots by the half hour
prices like in the market
sensible packaging
""",
    "bad": """
odd substitutions
the fruit is never ripe
delivery fees creep up
the app forgets everything
bread squashed flat
""",
    "vent_own": """
a raffle with vegetables
starving thanks to you
hens are more organised
the fridge is emptier than your promises
""",
    "praise_own": """
the driver carried it all upstairs, legend
free flowers in my bag, thank you
strawberries were divine
never late in a year, well done
""",
    "praise_short": """
remembers my oat milk
brings joy on a wet tuesday
writes notes on the bag
""",
    "askback": """
What's the order number?
Which items were missing?
Could you send a photo of it?
Which slot did you book?
Is the address on the account right?
""",
    "fix": """
the missing items were refunded.
a new delivery comes tonight, on us.
we've put a voucher on your account.
your slot was moved to <weekday>.
the voucher works now, please try again.
the driver is ten minutes away.
""",
    "post_own": """
In season now: rhubarb from the fields around <city>.
What's for dinner? Show us your plate.
New slots for <weekday> open at noon.
""",
}
