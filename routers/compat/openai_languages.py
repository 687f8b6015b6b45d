"""English names of languages, in lower case: how `verbose_json` says what was heard."""

from __future__ import annotations

from stts.languages import primary

_TABLE = """
af=afrikaans am=amharic ar=arabic as=assamese az=azerbaijani ba=bashkir be=belarusian bg=bulgarian bn=bengali
bo=tibetan br=breton bs=bosnian ca=catalan cmn=chinese cs=czech cy=welsh da=danish de=german el=greek en=english
eo=esperanto es=spanish et=estonian eu=basque fa=persian fi=finnish fil=filipino fo=faroese fr=french ga=irish
gl=galician gu=gujarati ha=hausa haw=hawaiian he=hebrew hi=hindi hr=croatian ht=haitian_creole hu=hungarian
hy=armenian id=indonesian is=icelandic it=italian iw=hebrew ja=japanese jv=javanese jw=javanese ka=georgian kk=kazakh
km=khmer kn=kannada ko=korean ky=kyrgyz la=latin lb=luxembourgish ln=lingala lo=lao lt=lithuanian lv=latvian
mg=malagasy mi=maori mk=macedonian ml=malayalam mn=mongolian mr=marathi ms=malay mt=maltese my=myanmar nb=norwegian
ne=nepali nl=dutch nn=nynorsk no=norwegian oc=occitan or=odia pa=punjabi pl=polish ps=pashto pt=portuguese
ro=romanian ru=russian sa=sanskrit sd=sindhi si=sinhala sk=slovak sl=slovenian sn=shona so=somali sq=albanian
sr=serbian su=sundanese sv=swedish sw=swahili ta=tamil te=telugu tg=tajik th=thai ti=tigrinya tk=turkmen tl=tagalog
tr=turkish tt=tatar ug=uyghur uk=ukrainian ur=urdu uz=uzbek vi=vietnamese xh=xhosa yi=yiddish yo=yoruba
yue=cantonese zh=chinese zu=zulu
"""

NAMES = dict(entry.split("=") for entry in _TABLE.split())
"""By primary subtag."""


def english_name(tag: str | None) -> str:
    """`german` of `de-AT`; the subtag itself where the table has no name, nothing where the language is not known."""
    if tag is None:
        return ""
    return NAMES.get(primary(tag), primary(tag)).replace("_", " ")
