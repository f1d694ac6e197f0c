"""Broadband and mobile, streaming, and mobile phones."""

from typing import Final

TELECOM: Final = {
    "fault": """
my broadband is down
no signal in <city>
the router blinks red and nothing else
speed is <n> Mb instead of 100
the engineer never turned up
I was billed for a line that I cancelled
my number has not been moved to you
calls drop after <n> minutes
the bill went up by <n>0 without a word
landline is dead
the new router arrived without a power supply
my texts arrive hours late
roaming does not work in <city>
the wifi falls over every evening
data ran out though I hardly used any
your site says my postcode does not exist
""",
    "fault_short": """
is down
has no signal
raised the price again
keeps me waiting for an engineer
""",
    "ask": """
when will the fault in <city> be fixed?
how do I cancel my contract?
can I keep my number when I move?
is fibre coming to <city>?
what does roaming cost in <city>?
how do I change the wifi password?
can I get a smaller data plan?
what is the code to unlock my phone?
""",
    "ask_short": """
covers <city>
has contracts by the month
does fibre yet
""",
    "own_detail": """
account <ref>
postcode starts with LS<n>
router model Q<n>00, green light off
the line is in my partner's name
happens on cable and wifi
order <ref>
plan M, since <n> years
all lights red
""",
    "good": """
fast in the evening too
set up in ten minutes
signal even in the cellar
no nonsense bills
roaming without surprises
""",
    "bad": """
the router is rubbish
speeds are half of what they promise
the contract is far too long
support lines take ages
patchy signal on trains
""",
    "vent_own": """
dial-up was faster
pigeons deliver quicker than this network
paying for a blinking red light
no bars, no shame
""",
    "praise_own": """
the engineer in <city> was a star
back online in an hour, thank you
best signal I ever had up here
thanks for the free data after the storm
""",
    "praise_short": """
picks up on the first ring
just works here
fixed my line on a sunday
""",
    "askback": """
What's your postcode?
Which lights are on at the router?
Does it happen on cable as well?
Is it the landline or the broadband?
Since when is it down?
""",
    "fix": """
there was a fault in your area, it's fixed now.
we've reset your line, please restart the router.
an engineer will come on <weekday> morning.
the charge has been taken off your next bill.
your number moves on <weekday>.
a new router is on its way.
""",
    "outage": """
is § down? nothing works in <city>
no internet, no phone, no tv <when>. § what is happening?
whole street in <city> is offline
everything dropped at once, any news?
broadband is down in <city> again
no signal at all in <city>, is there a fault?
down since <n> minutes, is it only me?
working from home, router is red, I have a call in <n> minutes, please hurry!
my alarm for my mother of <old> runs on this line, she is alone, fix it
can't reach anybody and the status page says all is well
every light on the router is red. <plea>
third outage this month, I'm leaving §
how long will it take? <plea>
well played §, the whole of <city> is dark
""",
    "post_own": """
Fibre reaches another <n>000 homes in <city> this week.
Planned works tonight from 2 to 4, some lines will be off.
Five tips for better wifi at home, thread below.
""",
}

STREAMING: Final = {
    "fault": """
the app crashes when I press play
no sound on any film
subtitles are <n> seconds late
my downloads vanished
it says too many devices but I only have one
I was charged after I cancelled
the picture freezes every <n> minutes
search finds nothing at all
my watch list is empty
login loops back to the start
the final episode is missing
kids profile shows horror films
cannot cast to my tv
everything is in the wrong language
the gift card code <ref> does not work
""",
    "fault_short": """
keeps buffering
crashed in the finale
took off my favourite show
put the price up
""",
    "ask": """
when does season <n> start?
how do I change my plan?
is there a student price?
can I watch offline on a laptop?
how do I remove a device?
will you bring back the old player?
why is the film not available in my country?
""",
    "ask_short": """
has a family plan
works on old tvs
shows the cup final
""",
    "own_detail": """
app version <n>.1.<n>
on a tv from 2019
android tablet, up to date
account mail is <email>
wifi is fine, other apps work
error code TW<n>0<n>
happens on every profile
""",
    "good": """
great picture quality
a catalogue without end
the recommendations are spot on
works on everything I own
documentaries worth the fee alone
""",
    "bad": """
the player is clumsy
adverts on a paid plan
search is hopeless
shows disappear without notice
too many reboots, no new ideas
""",
    "vent_own": """
more buffering than film
paying to watch a spinning circle
cancelled every good show, bravo
who designs these menus, enemies?
""",
    "praise_own": """
that last series was pure gold
love the new dark mode
you saved our rainy sunday
finally a decent kids profile, thank you
""",
    "praise_short": """
knows my taste
makes mondays bearable
never shows spoilers
""",
    "askback": """
Which device do you use?
Which version of the app do you have?
Do you see an error code?
Does it happen with every title?
Which country are you in?
""",
    "fix": """
an update is out, please install it and try again.
we've removed the old devices from your account.
the title is back in the catalogue.
your payment has been refunded.
please clear the cache and sign in again.
season <n> starts on <weekday>.
""",
    "post_own": """
Season <n> lands on <weekday>. Who's ready?
Tell us your comfort film, wrong answers only.
New on <weekday>: <n>0 classics from the eighties.
""",
}

PHONES: Final = {
    "fault": """
the battery lasts <n> hours since the update
my screen cracked in my pocket
it gets so hot that I can't hold it
the camera shows a black picture
it will not charge past <n>0 percent
the repair has taken <n> weeks
update stuck at <n>0 percent
fingerprint stopped working
speaker crackles on every call
the phone restarts by itself
my trade-in was valued at half of what you promised
the watch does not pair any more
contacts are gone after the update
the parcel <ref> was empty
touch screen has a dead stripe
""",
    "fault_short": """
broke my phone with an update
drains the battery
ships without a charger
""",
    "ask": """
when do we get the next update?
is the screen covered by the warranty?
how long is the guarantee on a battery?
can I move my photos without a cable?
does the watch work with other phones?
where is the nearest repair shop in <city>?
how do I turn off the assistant?
""",
    "ask_short": """
has a small phone
repairs screens in <city>
sells parts
""",
    "own_detail": """
model K<n>, bought in <city>
software <n>.0.<n>
serial <ref>
repair number <ref>
no case, no drops
128 GB, blue
happens in safe mode too
receipt says <weekday> last week
""",
    "good": """
the camera is superb
battery for two full days
feels solid in the hand
clean software without junk
great value for the money
""",
    "bad": """
far too heavy
the speaker is tinny
slow to charge
updates come late
slippery as soap
""",
    "vent_own": """
a very expensive paperweight
designed to break on day 366
hot potato with a screen
a torch that can make calls, sometimes
""",
    "praise_own": """
this camera is unreal
repaired in a day, amazing
the new zephra is a beauty
dropped it from a roof and it still works
""",
    "praise_short": """
keeps old phones alive
does cameras
listens to its fans
""",
    "askback": """
Which model do you have?
Which software version is on it?
Did it start after the update?
What does the repair number say?
Could you try it in safe mode?
""",
    "fix": """
the update of tonight repairs this.
we'll replace the battery for free.
your repair left the workshop today.
please hold both buttons for ten seconds.
that is covered by the warranty.
the corrected trade-in has been paid out.
""",
    "post_own": """
Meet the new zephra. Smaller, lighter, ready on <weekday>.
Shot on a night in <city>: your pictures of the week.
Our repair van visits <city> this <weekday>.
""",
}
