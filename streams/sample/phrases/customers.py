"""What customers of any brand write."""

from typing import Final

CUSTOMERS: Final = {
    "issue": """
<hey> <fault> <when>. <plea>
<hey> <fault>. <plea>
<fault> <when>
<fault>, <plea>
<hey> <ask>
<ask>
<ask> <plea>
<mood> <fault> <when>
<mood> <fault>. <plea>
<when> <fault>, <plea>
quick one: <ask>
<hey> so <fault> and <fault>. <plea>
<fault> again <when> and nobody tells me why
is it just me or is there a problem? <fault>
been a customer for <n> years and <when> <fault>
<hey> can somebody look at this? <fault>
<fault>. tried <try>, no luck
<fault>, already tried <try> and <try>
<ask> <danger>
<fault>. <danger>
<fault> <when>. <danger>
""",
    "hey": """
hi
hello
hey
hey team
good morning,
evening all,
hi there,
excuse me
dear §
hi § team
ok so
um
""",
    "mood": """
seriously?
not happy.
what is going on?
oh great,
brilliant, just brilliant:
I give up.
help!
so frustrating.
come on.
this is getting silly.
ugh
really poor:
I'm at my wits' end:
well this is fun.
""",
    "when": """
since this morning
since last night
for <n> days now
yesterday
just now
for the last hour
again today
since the weekend
all day
for about <n> hours
this afternoon
since <weekday>
right after paying
without any warning
""",
    "weekday": """
Monday
Tuesday
Wednesday
Thursday
Friday
Saturday
Sunday
""",
    "plea": """
can you help?
please help
please fix this
what should I do?
any idea when it will be sorted?
could someone call me back?
how do I get this sorted?
what now?
I need an answer please
do you know about this?
can you check for me?
please advise
who do I speak to?
I'd like this refunded
any chance of a reply?
sort it out please
let me know
where can I complain?
I just want it to work
""",
    "try": """
turning it off and on
the help pages
another browser
logging out and in
your chat
reinstalling
the form on your site
three different devices
a second card
waiting it out
""",
    "danger": """
this is the <nth> time I write and still no answer
I was on hold for <n> hours and then cut off
nobody ever called back as promised
if this is not fixed I'm leaving for good
cancelling my account, done with you
my lawyer will be in touch
I'm reporting this to the regulator
I'll take this to the local paper
my mother is <old> and all alone with this
there was smoke and it smelled of burning
someone got hurt because of it
your colleague shouted at me in front of everyone
the agent made fun of my accent
somebody else is in my account, I did not do this!
there are charges that I never made
I'm stuck here tonight with two kids
I have to leave in an hour, please hurry
your advice did not help at all
""",
    "nth": """
second
third
fourth
fifth
tenth
""",
    "old": """
79
83
86
91
""",
    "detail": """
it's <own_detail>
<own_detail>, if that helps
sure: <own_detail>
<own_detail> and it happened <when>
that would be <own_detail>
already checked, <own_detail>
yes, <own_detail>
no, still the same. <own_detail>
here you go: <own_detail>
<own_detail>. also tried <try>
my reference is <ref>
reference <ref>, <own_detail>
the number on the letter says <ref>
you can reach me at <email>
my address for the account is <email>
my number is <phone>
call me on <phone> after <hour>
paid with <card> if you need it
money should go to <iban>
<name>, <street>
""",
    "chase": """
any news?
hello? anybody there?
still waiting...
still nothing <when>
it's been <n> hours now
could somebody please answer me
am I invisible?
second tweet, no reply
so you answer everyone but me
are you going to reply or not?
<fault>, still. any update?
bump
you said you would look into it, and?
no one has been in touch yet
is there an update on this?
I'm still without an answer since <weekday>
""",
    "vent": """
worst company ever
you are a joke
what a shambles
never again
useless. utterly useless
absolute clowns
you had one job
§ is a disgrace
can't believe how bad you are
shame on you
pathetic
thanks for nothing
I hate § so much
how are you still in business?
what a bunch of amateurs
slow clap for § once more
zero stars if I could
you should be ashamed of yourselves
§ never fails to disappoint
terrible. just terrible
<vent_own>
<vent_own>
<vent_own>
""",
    "praise": """
you guys are the best
love you §
thank you so much for the quick help
great service today
big thanks to <name> on your team
impressed, thank you
§ you made my day
well done §
<praise_own>
<praise_own>
<praise_own>
best support I ever had
what a lovely bunch of people
hats off to your staff
can't fault you, brilliant
shout out to § for <good>
still smiling about how nice your team was
five stars from me
""",
    "review": """
<good>, but <bad>
<bad>. <good> though
honest verdict after <n> months: <good>, <bad>
<good> and <good>. would recommend
<bad> and <bad>. I'd look elsewhere
switched to § last year: <good>
compared § with two others: <good>, yet <bad>
if you ask me: <bad>, not worth the money
for the price <good>
<n> out of 10: <good>, <bad>
my take on §: <good>
pros: <good>. cons: <bad>
""",
    "thanks": """
thanks, that worked
thank you, all sorted now
solved, thanks a lot
that did it, thank you!
perfect, thanks <name>
brilliant, it works again. thanks
cheers, sorted
all good now, thank you for the help
great, problem solved
it's fixed, thanks so much
wonderful, thank you
got it, many thanks
thanks for the quick reply, working now
appreciate it, all resolved
""",
    "ack": """
sent you a DM
DM sent
just messaged you
ok done
ok
will do
following you now
done, check your messages
I sent it by email
ringing them as we speak
filled in the form
one sec
noted
ok let me look
""",
    "other": """
off to <city> with § tomorrow
anyone else here waiting for the new § advert?
saw a § van with a dog in the window
just passed the § office in <city>
is it friday yet
my cat thinks the § box is hers now
entering the § quiz, wish me luck
reading about § in the news
the § jingle is stuck in my head
§ are sponsoring our run in <city>
today's poll: § or tea?
ok who else dreams about §
<n> more days to go
lunch break with the § crowd
fun fact, my first job was next door to §
new § poster on our street
""",
    "keyword": """
<review>
<review>
<other>
<other>
<other>
§ <fault_short>
my neighbour swears by §, <good>
thinking of switching to §, any opinions?
does anybody know if § <ask_short>?
why is § like this
so § <fault_short>, typical
hearing that § <fault_short> in <city>
<vent_own>, looking at you §
not sponsored, but § has <good>
told my sister about §: <good>
§ again. <fault>
ok § is down or is it me?
love how § <praise_short>
""",
    "both": """
§ or ¤, which one is better?
moved from § to ¤ and <good>
§ and ¤ both let me down this week, <fault>
paid ¤ for it, § says it never arrived. <plea>
¤ works fine, so why does § not? <plea>
ordered through § with ¤ and <fault>
§ and ¤ should talk to each other, <fault>
why does ¤ answer in minutes and § never?
""",
    "me_too": """
same here in <city>
me too <when>
same problem, <fault>
here as well, <when>
yep, down in <city> too
nothing works in <city> either
same. <plea>
can confirm, <fault>
""",
}
