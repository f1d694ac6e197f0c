"""What the service desks of any brand write: people, bots, and the brand's own posts."""

from typing import Final

DESKS: Final = {
    "agent_ask": """
<greet>, sorry to hear that. <askback> <sign>
<greet>, that's not what we want. <askback> <sign>
<greet>! <askback> <sign>
Thanks for letting us know. <askback> <sign>
Sorry for the trouble. <askback> And since when? <sign>
<greet>, happy to look into it: <askback> <sign>
Oh no. <askback> <sign>
We'd like to help. <askback> <sign>
<greet>, could you tell us a bit more? <askback> <sign>
""",
    "agent_fix": """
<greet>, <fix> <sign>
Thanks for the details. <fix> <sign>
<fix> Let us know how it goes. <sign>
Good news: <fix> <sign>
We've checked: <fix> <sign>
<greet>, our engineers say: <fix> <sign>
Appreciate your patience. <fix> <sign>
<fix> Sorry again for the wait. <sign>
""",
    "agent_dm": """
<greet>, please send us a DM with your details and we'll take it from there. <sign>
Could you DM us your reference? We'll check at once. <sign>
Sorry about this! Please follow us and send a direct message. <sign>
Let's look at this in private, drop us a DM with your full name and postcode. <sign>
We've sent you a private message, please have a look. <sign>
Can you send us a private message with the e-mail of your account? <sign>
""",
    "agent_phone": """
<greet>, please call us on <desk_phone>, lines are open until 8 pm. <sign>
Our team on <desk_phone> can sort this out for you. <sign>
Please give our care line a call: <desk_phone>. <sign>
This needs a check by phone, could you ring <desk_phone>? <sign>
""",
    "agent_mail": """
<greet>, please email care@<desk_host> with your reference. <sign>
Could you write to care@<desk_host>? Our colleagues will reply within two days. <sign>
Please send the photos to care@<desk_host> so that we can look into it. <sign>
""",
    "agent_link": """
<greet>, please fill in the form at https://<desk_host>/contact <sign>
You can report it here: https://<desk_host>/help/<n> <sign>
Our live chat at https://<desk_host>/chat can look at your account. <sign>
Here is the way to claim: https://<desk_host>/claims <sign>
""",
    "agent_close": """
Great to hear, have a lovely day! <sign>
You're welcome! <sign>
Glad that it works again. <sign>
Any time, we're here if you need us. <sign>
Happy to help! <sign>
Thank you for your kind words, we'll pass them on. <sign>
That made our day, thank you! <sign>
""",
    "agent_sorry": """
<greet>, we're sorry that you feel this way. What happened? <sign>
That's not the experience we want you to have. How can we help? <sign>
Sorry to let you down. Tell us what went wrong and we'll look into it. <sign>
We hear you and we're passing this on. <sign>
""",
    "agent_many": """
We know about this and are working on it, sorry to all of you. <sign>
Thanks both, our engineers are on it right now. <sign>
Sorry to both of you! We hope to have it back within the hour. <sign>
""",
    "greet": """
Hi
Hello
Hi there
Hey
Good day
Hello and thanks for reaching out
Hi <name>
Hello <name>
""",
    "bot": """
Thanks for your message! I'm a bot. One of our people will be with you shortly.
Hello, this is the automatic assistant. Your message has been queued. Reply STOP to end.
We got your message. Typical waiting time: <n> hours. (automatic reply)
I'm the virtual assistant of §. While you wait, these articles may help: https://<desk_host>/faq/<n>
Beep! Your request number is <ref>. A colleague will take over. (automatic reply)
""",
    "outreach": """
Hi <name>, just checking: is everything working again? <sign>
Hello <name>, we promised to come back to you, did the replacement arrive? <sign>
Hi <name>, how did it go yesterday? <sign>
""",
    "post": """
<post_own>
<post_own>
<post_own>
Good morning from the § team! We're here until 10 pm.
Win one of <n> surprise boxes: tell us your favourite § moment.
Our office in <city> is growing, come and work with us: https://<desk_host>/jobs
That's it from us for today, good night! <sign>
""",
}
