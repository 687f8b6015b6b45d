"""Names and codes of languages: English and native names, ISO 639-2/3 codes, and the letters and regions people write.

A line of the table is `code three-letter-codes names`: the BCP 47 primary subtag, its ISO 639-2/3 codes (and older
ones), then its names in lower case, the English one first. `_` stands for a space; `-` for no code.
"""

from __future__ import annotations

_TABLE = """
af afr afrikaans
am amh amharic,አማርኛ
an arg aragonese
ar ara,arb arabic,العربية,عربي
as asm assamese
az aze,azj azerbaijani,azeri,azərbaycanca
ba bak bashkir
be bel belarusian,беларуская
bg bul bulgarian,български
bn ben bengali,bangla,বাংলা
bo bod,tib tibetan
br bre breton
bs bos bosnian,bosanski
ca cat catalan,valencian,català
cs ces,cze czech,čeština
cy cym,wel welsh,cymraeg
da dan danish,dansk
de deu,ger german,deutsch
el ell,gre greek,ελληνικά
en eng english
eo epo esperanto
es spa spanish,castilian,español
et est,ekk estonian,eesti
eu eus,baq basque,euskara
fa fas,per,pes,prs persian,farsi,dari,فارسی
fi fin finnish,suomi
fil - filipino
fo fao faroese
fr fra,fre french,français
ga gle irish,gaeilge
gd gla scottish_gaelic
gl glg galician,galego
gu guj gujarati,ગુજરાતી
ha hau hausa
haw - hawaiian
he heb,iw hebrew,עברית
hi hin hindi,हिन्दी,हिंदी
hr hrv croatian,hrvatski
ht hat haitian_creole,haitian
hu hun hungarian,magyar
hy hye,arm armenian,հայերեն
id ind,in indonesian,bahasa_indonesia
is isl,ice icelandic,íslenska
it ita italian,italiano
ja jpn japanese,日本語
jv jav,jw javanese
ka kat,geo georgian,ქართული
kk kaz kazakh,қазақша
km khm khmer
kn kan kannada,ಕನ್ನಡ
ko kor korean,한국어
ku kur,kmr kurdish
ky kir kyrgyz
la lat latin
lb ltz luxembourgish,letzeburgesch
ln lin lingala
lo lao lao
lt lit lithuanian,lietuvių
lv lav,lvs latvian,latviešu
mg mlg,plt malagasy
mi mri,mao maori
mk mkd,mac macedonian,македонски
ml mal malayalam,മലയാളം
mn mon,khk mongolian
mr mar marathi,मराठी
ms msa,may,zsm malay,bahasa_melayu
mt mlt maltese
my mya,bur myanmar,burmese
nb nob norwegian,norwegian_bokmål,bokmål
ne nep,npi nepali,नेपाली
nl nld,dut dutch,flemish,nederlands
nn nno nynorsk,norwegian_nynorsk
no nor norwegian,norsk
oc oci occitan
or ori,ory odia,oriya
pa pan punjabi,panjabi,ਪੰਜਾਬੀ
pl pol polish,polski
ps pus pashto,pushto
pt por portuguese,português
ro ron,rum,mo,mol romanian,moldovan,moldavian,română
ru rus russian,русский
sa san sanskrit
sd snd sindhi
si sin sinhala,sinhalese
sk slk,slo slovak,slovenčina
sl slv slovenian,slovene,slovenščina
sn sna shona
so som somali
sq sqi,alb,als albanian,shqip
sr srp,scc serbian,српски,srpski
su sun sundanese
sv swe swedish,svenska
sw swa,swh swahili,kiswahili
ta tam tamil,தமிழ்
te tel telugu,తెలుగు
tg tgk tajik
th tha thai,ไทย
ti tir tigrinya
tk tuk turkmen
tl tgl tagalog
tr tur turkish,türkçe
tt tat tatar
ug uig uyghur
uk ukr ukrainian,українська
ur urd urdu,اردو
uz uzb,uzn uzbek
vi vie vietnamese,tiếng_việt
xh xho xhosa
yi yid,ji yiddish
yo yor yoruba
yue - cantonese,粵語,粤语
zh zho,chi,cmn chinese,mandarin,中文,普通话
zu zul zulu
"""

_ROWS = [line.split() for line in _TABLE.split("\n") if line]


def _written(names: str) -> list[str]:
    return names.replace("_", " ").split(",")


ENGLISH = {code: _written(names)[0] for code, _, names in _ROWS}
"""Primary subtag -> its English name in lower case."""

CODES = {code: code for code, _, _ in _ROWS} | {
    other: code for code, others, _ in _ROWS for other in others.split(",") if other != "-"
}
"""ISO 639-1, 639-2 and 639-3 codes, those of the past too -> primary subtag."""

KOKORO = {
    "a": "en-US", "b": "en-GB", "e": "es", "f": "fr-FR", "h": "hi", "i": "it", "j": "ja", "p": "pt-BR", "z": "zh",
}  # fmt: skip
"""Kokoro's letters: its `lang_code`, and the first letter of its voices."""

_VARIETIES = {
    "american": "en-US", "american english": "en-US", "us english": "en-US",
    "british": "en-GB", "british english": "en-GB", "uk english": "en-GB",
    "australian english": "en-AU", "indian english": "en-IN", "canadian french": "fr-CA", "swiss german": "de-CH",
    "austrian german": "de-AT", "brazilian": "pt-BR", "brazilian portuguese": "pt-BR",
    "european portuguese": "pt-PT", "mexican spanish": "es-MX", "latin american spanish": "es-419",
    "european spanish": "es-ES", "mandarin chinese": "zh", "simplified chinese": "zh-Hans",
    "traditional chinese": "zh-Hant", "cantonese chinese": "yue", "norwegian bokmal": "nb",
}  # fmt: skip

NAMES = {
    **{name: code for code, _, names in reversed(_ROWS) for name in _written(names)},
    "norwegian": "no",
    **_VARIETIES,
    **KOKORO,
}
"""Names and codes of languages as people and programs write them, in lower case -> BCP 47."""

REGIONS = {
    "us": "US", "usa": "US", "united states": "US", "america": "US", "uk": "GB", "gb": "GB", "united kingdom": "GB",
    "great britain": "GB", "australia": "AU", "canada": "CA", "india": "IN", "ireland": "IE", "brazil": "BR",
    "portugal": "PT", "mexico": "MX", "spain": "ES", "france": "FR", "germany": "DE", "austria": "AT",
    "switzerland": "CH", "belgium": "BE", "china": "CN", "taiwan": "TW", "hong kong": "HK", "latin america": "419",
    "simplified": "Hans", "traditional": "Hant", "mandarin": "CN",
}  # fmt: skip
"""Regions in brackets behind a language name, as in `Portuguese (Brazil)` -> their subtag."""
