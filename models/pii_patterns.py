"""What personal data look like: RE2 patterns for folded texts (``models.pii_fold``; ``_`` is a gap), and the words that
give them away. A pattern may take too much: ``models.pii`` looks at the neighbours and the check digits."""

from typing import Final

from models.language import word_set
from models.pii_fold import pattern

# What a pattern needs before it is worth running; ``models.scan`` finds it out in compiled code.
EMAILS: Final = 2  # '@' behind a letter or digit, "(at)", or a word of written-out addresses
NUMBERS: Final = 4  # six digits or more, close together, a long code, or the start of a free number
ADDRESSES: Final = 8  # a digit and a street word, a five-digit word, the end of a British postcode
REFERENCES: Final = 16  # a cue word and something like a code
DOCUMENTS: Final = 32  # a cue word and five digits
EVERYTHING: Final = EMAILS | NUMBERS | ADDRESSES | REFERENCES | DOCUMENTS

# ---------------------------------------------------------------- e-mail

_PROVIDERS: Final = "gmail|googlemail|hotmail|yahoo|ymail|outlook|icloud|aol|protonmail|live|msn|gmx|comcast|btinternet"
_ENDINGS: Final = "com|co|org|net|edu|uk|de|fr|es|it|nl|in|au|br|io|info|me|ie|us|ca|jp|eu|biz"
EMAIL: Final = pattern(
    r"[A-Za-z0-9.%+\x5f\xc0-\xff-]*[A-Za-z0-9.%+\x5f-]@[A-Za-z0-9\xdf-\xff-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
)
_NAME: Final = r"\b[a-z0-9][a-z0-9.+\x5f-]{0,63}"
_DOT: Final = r"(?:_?[\[({<]_?(?:dot|\.)_?[\])}>]_?|_dot_|\.)"
_BRACKETED_AT: Final = r"_?[\[({<]_?(?:at|@)_?[\])}>]_?"
SPELLED_EMAIL: Final = pattern(
    rf"{_NAME}{_BRACKETED_AT}[a-z0-9-]{{1,40}}(?:{_DOT}[a-z0-9-]{{1,40}}){{0,2}}{_DOT}(?:{_ENDINGS})\b"
    rf"|{_NAME}(?:_at_|_@_?|@_)(?:{_PROVIDERS}){_DOT}(?:{_ENDINGS})\b(?:{_DOT}(?:{_ENDINGS})\b)?"
    rf"|\be-?mail[a-z :=]{{1,16}}{_NAME}_at_[a-z0-9-]{{1,40}}_dot_(?:{_ENDINGS})\b",
    any_case=True,
)
EMAIL_CUES: Final = frozenset({"dot"})
EMAIL_PAIRS: Final = (("at", _PROVIDERS.replace("|", " ")),)

# ---------------------------------------------------------------- numbers

_S: Final = r"[ ./\n\xa0-]"  # between the groups of a number
_EXTENSION: Final = r"[ ,]{0,2}(?:ext|extension|x)[.: ]{0,2}[0-9]{1,6}\b"
# Of a country that is named: plus or zeros, then eight to fifteen digits in any groups.
_ABROAD: Final = rf"(?:\(?\+{_S}?\(?|\b00{_S}?)[1-9](?:(?:[()]|{_S}){{0,3}}[0-9]){{7,14}}"
_AMERICAN: Final = (
    rf"(?:\b1{_S}{{0,2}})?(?:\b|\()[2-9][0-9]{{2}}\)?{_S}{{1,3}}[0-9]{{3}}{_S}{{1,3}}[0-9]{{4}}"
    rf"|(?:\b1{_S}{{0,2}})?\([2-9][0-9]{{2}}\){_S}?[0-9]{{3}}{_S}{{0,3}}[0-9]{{4}}"
    r"|\b1?[2-9][0-9]{2}[2-9][0-9]{6}|\b[2-9][0-9]{2}[ .-][0-9]{7}"
)
_FREE: Final = (
    rf"(?:\b1{_S})?(?:\b|\()8(?:00|33|44|55|66|77|88)\)?{_S}"
    r"(?:[0-9]{3}[ .-]?[A-Z]{4}|[A-Z]{3}[ .-][A-Z]{4}|[A-Z]{6,8}|[A-Z]{1,5}-?[0-9]{2,6})"
)
# With the zero of a trunk call, which may stand in brackets; with digits enough it may have no gap at all.
_TRUNK: Final = (
    rf"(?:\b|\()0[0-9]{{1,4}}(?:\){_S}{{0,2}}|{_S}{{1,3}})[0-9]{{2,8}}(?:{_S}{{1,3}}[0-9]{{2,6}}){{0,3}}"
    r"|\b0[1-9][0-9]{8,10}"
)
_EUROPEAN: Final = (
    r"\b[6789][0-9]{2}[ -][0-9]{3}[ -][0-9]{3}|\b[6789][0-9]{2} [0-9]{2} [0-9]{2} [0-9]{2}"
    r"|\b[6789][0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}|\b3[0-9]{2}[ ./-][0-9]{6,7}|\b3[1-9][0-9]{8}"
    r"|\b[89][1-8] [0-9]{3} [0-9]{2} [0-9]{2}"
)
_FAR: Final = (
    r"\([1-9][0-9]\) ?(?:9[ .-]?)?[0-9]{4}[ .-]?[0-9]{4}|\b[1-9][0-9] 9[ .]?[0-9]{4}[ .-]?[0-9]{4}"
    r"|\b[1-9][0-9][ -][0-9]{4}-[0-9]{4}|\b[6-9][0-9]{4}[ -][0-9]{5}|\b[6-9][0-9]{9}"
    r"|\b1[389]00[ -][0-9]{3}[ -][0-9]{3}|\b1[389]00[0-9]{6}"
)
PHONE: Final = pattern(rf"(?:{_ABROAD}|{_AMERICAN}|{_FREE}|{_TRUNK}|{_EUROPEAN}|{_FAR})(?:{_EXTENSION}|\b)")
# (number): any seven to fifteen digits (six in pairs) do behind a word that announces them.
CUED_PHONE: Final = pattern(
    r"\b(?:call|phone|tel|telephone|tele|mobile|mob|cell|cellphone|text|txt|sms|whats ?app|ring|dial|fax|landline|ph|"
    r"phone number|contact number|contact no|my number|number is|numbers|telefon|handy|tlf|m\xf3vil|t\xe9l|"
    r"(?:telefon|handy|mobil|ruf)nummer|cellulare|celular|telefono|telefone|tel\xe9fono|t\xe9l\xe9phone|portable|fone|"
    r"telefoonnummer|nummer is|mijn nummer|meine nummer|mon num\xe9ro|mi n\xfamero|meu n\xfamero|mio numero|"
    r"reach me (?:at|on)|called from|calling from)\b"
    r"[^0-9\n@#$\xa3\xa4\xa5]{0,24}?([+(]{0,2}[0-9](?:[ ()./\xa0-]{0,3}[0-9]){5,14})(?:" + _EXTENSION + r"|\b)",
    any_case=True,
)
FREE_STARTS: Final = word_set("800 833 844 855 866 877 888")

CARD: Final = pattern(
    r"\b[1-9][0-9]{3}[ .-]{1,3}[0-9]{4}[ .-]{1,3}[0-9]{4}[ .-]{1,3}[0-9]{1,4}(?:[ .-]{1,3}[0-9]{1,3})?\b"
    r"|\b[1-9][0-9]{3}[ .-]{1,3}[0-9]{6}[ .-]{1,3}[0-9]{4,5}\b"
    r"|\b[1-9][0-9]{3}(?:[ .-][0-9]{3}){3}\b|\b[1-9][0-9]{11,18}\b"
)
CARD_CUE: Final = pattern(
    r"\b(?:card|credit|debit|visa|mastercard|master ?card|maestro|amex|"
    r"american express|cc|discover|karte)\b[^\n]{0,30}$",
    any_case=True,
)
IBAN: Final = pattern(r"\b[A-Za-z]{2}[0-9]{2}(?:[ \xa0.-]?[A-Za-z0-9]){11,30}")
DATE: Final = pattern(
    r"\b(?:[0-3]?[0-9][./-][0-3]?[0-9][./-](?:19|20)?[0-9]{2}|(?:19|20)[0-9]{2}[./-][01]?[0-9][./-][0-3]?[0-9]"
    r"|(?:19|20)[0-9]{2} ?[/-] ?(?:19|20)[0-9]{2})\b"
)
VERSION: Final = pattern(r"(?:^|\.)[0-9]\.|\.[0-9](?:\.|$)")
GROUP_BEFORE: Final = pattern(r"(?:^|[^0-9])[0-9]{4}[ -]$")
GROUP_BEHIND: Final = pattern(r"^[ -][0-9]{4}(?:[^0-9]|$)")
PAIRS: Final = pattern(r"0[1-9](?:[ ./\xa0-][0-9]{2}){4}")

# ---------------------------------------------------------------- national numbers: name → pattern

_NATIONAL: Final = {
    "ssn": (r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b|\b[0-8][0-9]{2} [0-9]{2} [0-9]{4}\b"),
    "nino": (
        r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D]\b"
        r"|\b[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z][0-9]{6}[a-d]\b"
    ),
    "cpf": (r"\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}[-/.][0-9]{2}\b"),
    "dni": (r"\b[0-9]{8}[ -]?[A-Z]\b|\b[XYZ][ -]?[0-9]{7}[ -]?[A-Z]\b|\b[0-9]{8}[a-z]\b|\b[xyz][0-9]{7}[a-z]\b"),
    "insee": (r"\b[1-478] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}\b"),
    "aadhaar": (r"\b[2-9][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}\b"),
    "pan": (r"\b[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]\b"),
    "fiscal": (r"\b[A-Za-z]{6}[0-9]{2}[A-Za-z][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]\b"),
    "personnummer": (r"\b(?:19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[-+][0-9]{4}\b"),
    "nric": (r"\b[STFG][0-9]{7}[A-Z]\b"),
    "curp": (r"\b[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[A-Z0-9][0-9]\b"),
}
NATIONAL_IDS: Final = {name: pattern(text) for name, text in _NATIONAL.items()}
ANY_NATIONAL_ID: Final = pattern("|".join(_NATIONAL.values()))
# A value behind a cue: a token with a digit, and groups of digits that go with it.
_VALUE: Final = (
    r"(?:\b(?-i:[A-Z]{1,3})[ -])?\b[a-z0-9/-]{0,30}[0-9][a-z0-9/-]{0,30}"
    r"(?:[ .\xa0][a-z]?[0-9]{2,7}[a-z]?\b){0,5}(?: [a-d]\b)?"
)
_OF_NUMBER: Final = (
    r"(?:[ .-]{0,2}\b(?:card|number|numbers|nr|no|num|nbr|id|idnr|identification|code|is|was)\b|[.#:=]| \xe9){0,5}"
)
_STRONG: Final = (
    r"passport|pass port|social security|ssn|itin|national insurance|nino|driv(?:er'?s?|ing) licen[cs]e|aadhaa?r|nhs|"
    r"medicare|tfn|bsn|dni|nif|cpf|cnpj|steuer(?:nummer|[ -]?id(?:[ -]?nr)?)?|pesel|nric|curp|insee|personnummer|"
    r"voter id|personalausweis|national id|nie|pps|burgerservicenummer|sozialversicherungsnummer|passnummer|"
    r"reisepassnummer|f\xfchrerscheinnummer|passeport|passaporto|paspoort|passaporte|pasaporte|codice fiscale|rijbewijs"
)
_WEAK: Final = r"social|licen[cs]e|dl|tax|taxpayer|tin|sin|rg|ni|id|identity|uid|pan|ausweis|reisepass"
# (strong cue) (what says that a number follows) (value)
DOCUMENT: Final = pattern(rf"\b(?:({_STRONG})|{_WEAK})\b({_OF_NUMBER})[ .:=#(-]{{0,4}}({_VALUE})", any_case=True)
DOCUMENT_CUES: Final = word_set(
    "passport port security ssn itin insurance nino license licence licenses licences aadhaar aadhar nhs medicare tfn "
    "bsn dni nif cpf cnpj steuer steuernummer steuerid steueridnr pesel nric curp insee personnummer id "
    "personalausweis nie pps social dl tax taxpayer tin sin rg ni identity uid pan ausweis reisepass pasaporte "
    "burgerservicenummer sozialversicherungsnummer passnummer reisepassnummer führerscheinnummer passeport passaporto "
    "paspoort passaporte fiscale rijbewijs"
)

# ---------------------------------------------------------------- references

_TRAVEL: Final = (
    "booking|reservation|confirmation|reference|ref|pnr|locator|itinerary|conf|rebooked|e-?ticket|"
    "buchungsnummer|buchungscode|reservierungsnummer|boekingsnummer|reserveringsnummer|localizador|prenotazione"
)
_DEALS: Final = (
    "order|ticket|tracking|track|case|account|acct|a/c|claim|invoice|membership|member|policy|customer|shipment|parcel|"
    "package|consignment|incident|complaint|sr|request|enquiry|inquiry|query|loyalty|flyer|mileageplus|skymiles|"
    "aadvantage|voucher|rma|repair|serial|imei|awb|waybill|purchase|receipt|transaction|contract|subscription|"
    "bestellung|bestellnummer|buchung|kundennummer|auftrag|commande|pedido|ordine|reserva|dossier|"
    "docket|auftragsnummer|sendungsnummer|vorgangsnummer|ticketnummer|rechnungsnummer|vertragsnummer|fallnummer|"
    "referenznummer|paketnummer|ordernummer|bestelnummer|klantnummer|factuurnummer|suivi|colis|protocolo|"
    "rastreamento|rastreio|seguimiento|spedizione|pratica"
)
_QUALIFIERS: Final = "reference|ref|number|numbers|numero|nummer|code|codes|num|nr|nbr|no|id|locator|record"
_LINKS: Final = "for|under|from|with|to|of|my|the|our|flight|trip|order|booking|today|return"
# (cue of a journey) (what says that a code follows) (code), or (code) and its cue
REFERENCE: Final = pattern(
    rf"\b(?:({_TRAVEL})|{_DEALS})\b"
    rf"((?:[ ./\xa0-]{{0,2}}\b(?:{_QUALIFIERS})\b|[ .]{{0,2}}#|[.:=]){{0,4}}"
    rf"(?:(?:_(?:{_LINKS})\b){{0,4}}[ \n\xa0:]{{1,2}}(?:is|was|are)\b)?)"
    rf"[ .:=#(\n\xa0\"'*-]{{0,5}}({_VALUE}|(?-i:[A-Z]{{6}})\b)"
    r"|\b((?-i:[A-Z0-9]{5,10})) (?:pnr|is (?:my|the|our) (?:booking|confirmation|reservation|pnr))\b",
    any_case=True,
)
CODE_ALONE: Final = pattern(
    r"\b1Z[0-9A-Z]{8}[0-9]{8}\b|\b[A-Z]{2}[0-9]{9}[A-Z]{2}\b|\b[0-9]{3}-[0-9]{7}-[0-9]{7}\b|\bJ[DJ][A-Z]{0,2}[0-9]{14,20}\b"
    r"|\b9[2-5][0-9]{2}(?: ?[0-9]{4}){4}(?: ?[0-9]{2,4})?\b|\bTBA[0-9]{12}\b"
    r"|\bINC[0-9]{6,8}\b|\bCAS-[0-9]{5,9}-[A-Z0-9]{6}\b"
)
FLIGHT: Final = pattern(r"(?:[A-Z]{2}|[A-Z][0-9]|[0-9][A-Z])[0-9]{3,4}")
NO_CODES: Final = word_set(
    "PLEASE NUMBER ONLINE SYSTEM CANCEL THANKS STATUS RETURN REFUND DOESNT CHANGE FAILED FLIGHT TICKET UPDATE SERVER "
    "EMAILS OFFICE AGENTS POLICY CENTRE CENTER ERRORS AIRWAY WITHIN BEFORE SHOULD ALWAYS MASTER ISSUES"
)
REFERENCE_CUES: Final = frozenset(
    word for cue in f"{_TRAVEL}|{_DEALS}|eticket|e|a|c".replace("e-?ticket|", "").split("|") for word in cue.split("/")
) - {"a", "e"}
REFERENCE_LINKS: Final = frozenset(f"{_QUALIFIERS}|{_LINKS}|is|was|are".split("|"))  # may stand between cue and code
REFERENCE_PAIRS: Final = (("my the our", "booking confirmation reservation pnr"),)  # behind the code

# ---------------------------------------------------------------- addresses

_STREETS: Final = (
    "street|st|avenue|ave|road|rd|lane|ln|dr|boulevard|blvd|ct|pl|sq|terrace|terr|crescent|cres|parkway|pkwy|highway|hwy|"
    "mews|gardens|marg|nagar"
)
_CAPITAL_STREETS: Final = (
    "Drive|Court|Place|Square|Close|Way|Circle|Trail|Grove"  # in small letters they say too little
)
# Such names also stand for much else, so they need company: words of living there, a unit, a town with a code.
_RARE_STREETS: Final = (
    "alley|annex|arcade|bay|beach|bend|bluff|bluffs|bottom|branch|bridge|brook|brooks|burg|burgs|bypass|camp|canyon|"
    "cape|causeway|center|centers|centre|circles|cir|cliff|cliffs|club|common|commons|concourse|copse|corner|corners|"
    "corso|course|courts|cove|coves|creek|crest|crossing|crossroad|curve|dale|dam|divide|drives|esplanade|estate|"
    "estates|expressway|extension|extensions|fall|falls|ferry|field|fields|flat|flats|ford|fords|forest|forge|forges|"
    "fork|forks|fort|freeway|garden|gate|gateway|glen|glens|green|greens|groves|hall|harbor|harbors|haven|heights|hill|"
    "hills|hollow|house|inlet|island|islands|isle|junction|junctions|key|keys|knoll|knolls|lake|lakes|land|landing|"
    "light|lights|loaf|lock|locks|lodge|loop|mall|manor|manors|meadow|meadows|mill|mills|mission|motorway|mount|"
    "mountain|mountains|neck|nook|orchard|oval|overpass|parade|park|parks|parkways|pass|passage|path|pike|pine|pines|"
    "plain|plains|plaza|point|points|port|ports|prairie|promenade|quay|radial|ramp|ranch|rapid|rapids|reserve|rest|"
    "ridge|ridges|rise|river|roads|route|row|rue|run|shoal|shoals|shore|shores|skyway|spring|springs|spur|spurs|"
    "squares|station|strand|stravenue|stream|streets|summit|throughway|trace|track|trafficway|trailer|tunnel|turnpike|"
    "underpass|union|unions|valley|valleys|viaduct|view|views|village|villages|ville|vista|walk|walks|wall|ways|well|"
    "wells|wood|woods|wynd"
)
_STATES: Final = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR"
)
_UK: Final = (
    r"(?:A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]|I[GMPV]|JE|K[ATWY]|L[ADELNSU]?|"
    r"M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?|T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO|ZE)"
    r"[0-9][A-Z0-9]?_[0-9][A-Z]{2}"
)
NOT_POSTCODES: Final = (
    "GB",
    "TB",
    "MB",
    "KB",
    "PM",
    "AM",
    "KM",
    "MM",
    "CM",
    "KG",
    "ST",
    "ND",
    "RD",
    "TH",
    "HR",
    "PC",
    "PK",
)
_WORD: Final = r"(?:[A-Z\xc0-\xde][A-Za-z\xc0-\xff'-]{0,24}|[A-Z][a-z]?\.)"
_TOWN: Final = rf"{_WORD}(?:_{_WORD}){{0,2}}"
_NUMBER: Final = r"\b[0-9]{1,5}[A-Za-z]?(?:[-/][0-9]{1,4})?"
_UNIT: Final = r"(?i:apt|apartment|flat|unit|suite|ste|room|floor|level|lot)\b\.?_?#?[0-9A-Za-z-]{1,5}\b"
_TAIL: Final = (
    rf"(?:,?_?(?:{_UNIT}|#_?[0-9]{{1,5}}[A-Z]?\b))?"
    rf"(?:,?_(?:{_TOWN},?_)?(?:(?:{_STATES})(?:,?_[0-9]{{5}}(?:-[0-9]{{4}})?)?|{_UK}|(?:-_)?[0-9]{{5,6}}"
    r"|(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT)(?:,?_[0-9]{4})?)\b)?"
)
_NAMES: Final = rf"(?:(?:[NSEW]\.?|{_WORD}|[0-9]{{1,3}}(?:st|nd|rd|th))_){{1,3}}"
# Behind these a number must follow; ``_LIVING`` says it in full.
LIVING_CUES: Final = word_set("address outside adresse anschrift adres indirizzo endereço endereco dirección direccion")
LIVING_PAIRS: Final = (
    ("live lives lived living", "at on in"),
    ("deliver delivered delivery sent send ship shipped went goes moved move post posted", "to it"),
    ("located residing parked house home", "at on is"),
    ("post", "code"),
    ("vivo abito wohne moro woon", "en in na op"),
)
_LIVING: Final = (
    r"(?i:live[sd]?_(?:at|on|in)|living_(?:at|on|in)|address(?:_is|_was)?|deliver(?:ed|y)?(?:_it)?_to|(?:sent|ship|shipped|went|goes|"
    r"moved|move|post|posted|send)(?:_it)?_to|located_at|house_(?:at|on)|home_(?:at|is)|outside|"
    r"residing_at|parked_at|adresse|anschrift|adres|indirizzo|endere[\xe7c]o|direcci[\xf3o]n|vivo_en|abito_in|wohne_in|"
    r"moro_na|woon_(?:op|in))[ :,\n-]{1,3}"
)
_CONTINENTAL_TAIL: Final = r"(?:,?_(?:[A-Z]{1,2}-)?[0-9]{4,5}(?:_[A-Z]{2}\b)?(?:_[A-Z\xc0-\xde][a-z\xdf-\xff]{1,24})?)?"
_DE: Final = r"(?:(?:de_la|de_l'|de_los|de_las|del?|des|du|da|do|dos|das|di|dei|della|d'|la|le|l')_?){0,2}"
_FRENCH_FORMS: Final = (
    r"\b[0-9]{1,4}(?:_?(?:bis|ter|quater))?,?_(?i:rue|avenue|av\.|boulevard|bd|blvd|place|all[e\xe9]es?|chemin|impasse|quai|route|"
    rf"square|cours|passage)_{_DE}[A-Z\xc0-\xde][A-Za-z\xc0-\xff'-]{{1,24}}(?:_{_WORD}){{0,2}}{_CONTINENTAL_TAIL}"
)
_STREET: Final = (
    rf"(?:{_UNIT}(?:,?_|/))?{_NUMBER},?_{_NAMES}"
    rf"(?:(?i:{_STREETS})|{_CAPITAL_STREETS}|{_CAPITAL_STREETS.upper()})\b\.?{_TAIL}"
)
_BEHIND_A_CUE: Final = (
    r"(?i:\b(?:post_?code|zip|zip_?code|plz)\b(?:_is)?[ :=]{1,3}([a-z]{1,2}[0-9][a-z0-9]?_?[0-9][a-z]{2}|[0-9]{5})\b)"
)
_RARE_STREET: Final = (
    rf"\b{_LIVING}({_FRENCH_FORMS}|(?:{_UNIT},?_)?{_NUMBER},?_(?:{_WORD}(?:_{_WORD}){{1,3}}(?:\.?_#?[0-9]{{1,5}}\b)?|(?i:[a-z']{{2,20}}_){{1,3}}?(?i:{_STREETS}|drive|court|grove|square))\b\.?{_TAIL})"
    rf"|({_NUMBER},?_{_NAMES}(?i:{_RARE_STREETS}),?_(?:{_UNIT}|{_TOWN},?_(?:(?:{_STATES})(?:,?_[0-9]{{5}}(?:-[0-9]{{4}})?)?|{_UK})\b)"
    rf"|{_UNIT},_{_NUMBER},?_{_NAMES}(?i:{_RARE_STREETS})\b{_TAIL})"
)
_PLACES_FORMS: Final = (
    r"(?i:\b(?:p\.?_?o\.?_?|post_office_)box(?:_#?|#)_?[0-9]{1,6}\b|\bpob_[0-9]{2,6}\b)"
    rf"|\b{_UK}\b"
    rf"|\b{_TOWN},?_(?:{_STATES}),?_[0-9]{{5}}(?:-[0-9]{{4}})?\b"
)
_GERMAN: Final = (
    r"(?:stra(?:\xdfe|sse)|str\.|weg|platz|allee|gasse|damm|ufer|steig|chaussee|"
    r"straat|laan|gracht|plein|singel|dijk|-ring)"
)
_GERMAN_FORMS: Final = (
    rf"\b[A-Z\xc4\xd6\xdc][A-Za-z\xc0-\xff.-]{{0,30}}(?:(?i:{_GERMAN})|(?:_[A-Za-z\xc0-\xff.-]{{1,20}})?_(?i:{_GERMAN}))_?[0-9]{{1,4}}(?:_?(?:[a-zA-Z]|bis|hs)\b)?(?:[/-][0-9]{{1,3}})?\b"
    rf"{_CONTINENTAL_TAIL}|\b(?:Stra\xdfe|Strasse|Str\.|Allee|Gasse|Weg)_[0-9]{{1,4}}[a-z]?\b{_CONTINENTAL_TAIL}"
    r"|\b(?:(?:Am|Im|Zum|Zur|Auf_dem|An_der|In_der)_)?[A-Z\xc4\xd6\xdc][a-z\xdf-\xff.-]{3,30}_[0-9]{1,3}[a-z]?,_(?:D-)?[0-9]{5}_[A-Z\xc4\xd6\xdc][a-z\xdf-\xff]{2,24}\b"
)
_SOUTHERN_FORMS: Final = (
    rf"(?:\b(?i:calle|avenida|avda|av|via|viale|piazza|corso|rua|plaza|paseo|travessa|largo|carrer)\b\.?|\b[Cc]/)_?{_DE}{_WORD}"
    rf"(?:_(?:de|del|di|da|dos|e|y|la)\b|_{_WORD}){{0,3}}(?:,_?|_)(?:(?:n[\xba\xb0]|no?\.|num\.?)_?)?[0-9]{{1,4}}\b"
    r"(?:,_[0-9]{1,2}[\xba\xaa\xb0](?:_?[A-Za-z]{1,4}\b)?)?(?:,?_(?i:apto?|bloco|casa)\.?_[0-9]{1,4}[A-Z]?\b)?"
    rf"(?:,?_[0-9]{{5}}-[0-9]{{3}}\b)?{_CONTINENTAL_TAIL}"
)
# (postcode behind its name), or (place behind words of living there), or (place with its town), or (street),
# or (anything else)
ADDRESS: Final = pattern(
    f"{_BEHIND_A_CUE}|{_RARE_STREET}|({_STREET})|({_PLACES_FORMS}|{_GERMAN_FORMS}|{_SOUTHERN_FORMS}|{_FRENCH_FORMS})"
)
# "Flat No 12, Lotus Towers, Pune 411001": a door, capitalised words, and the six digits of an Indian town.
PIN_ADDRESS: Final = pattern(
    r"\b(?i:flat|house|plot|door|shop|h|d)\b\.?_?(?:(?i:no|number)\b\.?_?)?[:#-]?_?[0-9]{1,4}[A-Za-z]?(?:[/-][0-9A-Z]{1,4})?,_"
    r"(?:(?:[A-Z][A-Za-z.'-]{1,24}|[0-9]{1,3}[A-Za-z]{0,2})[ ,\n\xa0-]{1,3}){2,10}[1-9][0-9]{5}\b"
)
# The last three bytes of what may stand before a number, "Lindenweg 5": a quick look takes a few others, too.
STREET_ENDINGS: Final = tuple(
    ending.encode()[-3:]
    for ending in [
        "straße",
        "strasse",
        "str",
        "weg",
        "platz",
        "allee",
        "damm",
        "ufer",
        "steig",
        "chaussee",
        "straat",
        "laan",
        "gracht",
        "plein",
        "dijk",
        "singel",
    ]
)
SOUTHERN_CUES: Final = word_set("calle avenida avda av via viale piazza corso rua plaza paseo travessa largo carrer c")
PARTICLES: Final = word_set("de la l los las del des du da do dos das di dei della d le")  # of ``_DE``
FRENCH_CUES: Final = word_set(
    "rue avenue av boulevard bd blvd allée allées allee allees chemin impasse quai route square cours passage place"
)
SEAT: Final = pattern(r"^(?i:wagen|auf|sitz|der|den|ein|im|zum|vom|mein|kein|rang)_(?i:platz|weg)_")
STREET_CUES: Final = frozenset(f"{_STREETS}|{_CAPITAL_STREETS.lower()}|{_RARE_STREETS}".split("|"))
BOX_CUES: Final = word_set("box pobox pob")
POSTCODE_CUES: Final = word_set("postcode zip zipcode plz")
