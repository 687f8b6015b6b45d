"""Texts in many languages, written for these tests, and English ones that look like others."""

from __future__ import annotations

# fmt: off
SHORT_ENGLISH = (
    "OK", "Ok, thanks!", "Hello", "Hello there.", "Hello, world.", "Hi!", "No", "Yes", "Yes, please.",
    "Good morning", "Good morning, Juan!", "Lisa", "Jean-Pierre Dupont", "Angela Merkel",
    "Guten Tag, said Angela.", "Wolfgang Amadeus Mozart", "123", "3.14", "12:30", "$5.00", "Room 101",
    "USB-C to HDMI", "HTTP 404", "git commit -m fix", "for i in range(10): print(i)", "x = y + 1",
    "SELECT name FROM users", "npm install", "https://example.com/a/b", "a", "I", "The", "Test", "test test test",
    "Testing, one two three.", "Alexa, play La Bamba.", "Play Despacito", "Pizza Margherita", "Croissant", "Café",
    "naïve", "résumé", "déjà vu", "Rendezvous at noon", "Siesta time", "Hasta la vista, baby",
    "C'est la vie, my friend.", "Et cetera", "Kindergarten", "Schadenfreude is a German word.", "Pop", "Radio",
    "Hotel", "Taxi", "Computer", "Internet", "Robot", "Menu", "Piano", "Station", "Final", "Total", "Orange",
    "Menu, please", "Via Roma 5", "San Francisco", "Los Angeles", "Rio de Janeiro", "New Delhi", "Hamburg",
    "Paris", "Tokyo", "Jose", "Ahmed Hassan", "Sven Svensson", "Kowalski", "Ngozi Okonjo", "Lorem ipsum",
    "Mr. Schmidt is here.", "Dr. Garcia will see you now.", "Turn left onto Rue de Rivoli.",
    "Set a timer for ten minutes.", "The train to Berlin leaves at 5.", "Your balance is 20 euros.", "hm", "uh",
    "umm, well", "lol", "brb", "asap", "FYI", "TODO", "README", "v1.2.3", "Model S", "iPhone 15 Pro Max",
    "WiFi password", "e.g.", "i.e. this", "Mon, Tue, Wed", "Jan 5", "Dec. 24", "kg", "cm", "km/h", "100%",
    "A B C D", "aaaa", "hahaha", "Ha ha ha", "la la la", "no no no", "si", "de", "mi", "tu", "an", "on a", "in",
    "die", "Die, monster!", "Man overboard", "Gift", "Rat", "See you", "Bad art", "Hat trick", "Fast fort",
    "Angst", "Tag", "Bald", "War is hell", "Arm", "Hand in hand", "Wind", "Winter", "Sommer", "Ball", "Pass auf",
    "Chat", "Pain", "Pour more", "Main", "On dine", "Comment", "Coin", "Dire", "Come", "Male", "Mare", "Sale",
    "Fine", "Note", "Data", "Media", "Idea", "Drama", "Opera", "Animal", "Hospital", "Capital", "Central",
    "Natural", "General", "Error", "Color", "Doctor", "Actor", "Horror", "Terminal", "Digital", "Original",
    "Personal", "Social", "Federal", "Local", "Normal", "Rural", "Instrumental", "Please hold.",
    "Please hold the line, Mademoiselle.", "Next stop: Gare du Nord.",
    "The quick brown fox jumps over the lazy dog.", "Nothing to see here.", "I am", "It is what it is.", "Do it",
    "Go", "Stop", "Left", "Right", "Up", "Down", "One", "Two", "Three", "Once upon a time", "Gracias, amigo",
    "Merci", "Danke", "Bonjour", "Ciao", "Sayonara", "Namaste", "Hola", "Adios", "Arrivederci", "Prost!",
    "Konnichiwa", "Inshallah", "Shalom", "Aloha", "Mahalo", "Skol", "You said: hallo.", "word0 word1 word2",
    "sentence number one. sentence number two.", "Chapter 1", "Chapter IV", "Fig. 3", "p. 12",
    "Mr. and Mrs. Smith", "O'Brien", "McDonald", "van der Berg", "de la Cruz", "Saint-Saens",
    "Beethoven, Bach, Brahms", "Volkswagen, Mercedes, Audi", "Nestlé, L'Oréal", "Pikachu", "Gandalf", "Hogwarts",
    "abcdefg", "qwerty", "asdf", "xyz", "foo bar baz", "lorem ipsum dolor sit amet",
    "Hello, my name is Giovanni and I come from Italy.", "Are we there yet?", "What time is it?",
    "It costs 5 euros.", "Weather in München today", "Directions to Zürich", "Call Björn", "Text Zoë",
    "Über driver", "Jalapeño", "piñata party", "fiancée", "Uh-oh", "Mmm", "Shh", "Brr", "Zzz", "Yo", "Sup", "Nope",
    "Yep", "Nah", "Yeah", "Cool", "Nice", "Great", "Super", "Perfect", "Fantastic", "Bravo", "Encore", "Finale",
    "Solo", "Duo", "Trio", "Quartet",
)
"""Names, numbers, code, loan words and the like."""

ENGLISH = (
    "Good morning, how are you today?", "The train to London leaves at nine in the morning.",
    "I would like a cup of coffee, please.", "Where is the station?",
    "Please turn off the lights in the living room.", "The weather is nice today.",
    "Our guest Jean-Luc Picard from La Barre ordered a croissant and a café au lait.",
    "Play the song La vie en rose by Edith Piaf.", "Call Müller in Düsseldorf about the Schweinsteiger deal.",
)

OTHERS = {
    "de": (
        "Guten Morgen, wie geht es Ihnen heute?", "Der Zug nach Hamburg fährt heute um neun Uhr ab.",
        "Ich hätte gern einen Kaffee, bitte.", "Das Wetter ist schön.", "Wo ist der Bahnhof?",
        "Bitte schalten Sie das Licht im Wohnzimmer aus.", "Straße und Größe sind schöne Wörter.",
    ),
    "fr": (
        "Bonjour, comment allez-vous aujourd'hui ?", "Le train pour Lyon part à neuf heures du matin.",
        "Je voudrais un café, s'il vous plaît.", "Il fait beau aujourd'hui.", "Où est la gare ?",
        "Éteignez la lumière du salon.",
    ),
    "es": (
        "Buenos días, ¿cómo está usted hoy?", "El tren para Madrid sale a las nueve de la mañana.",
        "Quisiera un café, por favor.", "Hoy hace muy buen tiempo.", "¿Dónde está la estación?",
        "Apaga la luz del salón.",
    ),
    "it": (
        "Buongiorno, come sta oggi?", "Il treno per Milano parte alle nove di mattina.",
        "Vorrei un caffè, per favore.", "Oggi fa bel tempo.", "Dov'è la stazione?",
        "Spegni la luce del soggiorno.",
    ),
    "pt": (
        "Bom dia, como você está hoje?", "O trem para São Paulo sai às nove da manhã.",
        "Eu gostaria de um café, por favor.", "Hoje o tempo está bom.", "Onde fica a estação?",
        "Não sei o que você quer dizer com isso.",
    ),
    "nl": (
        "Goedemorgen, hoe gaat het vandaag met u?", "De trein naar Amsterdam vertrekt om negen uur.",
        "Ik wil graag een kopje koffie, alstublieft.", "Het is mooi weer vandaag.", "Waar is het station?",
    ),
    "sv": (
        "God morgon, hur mår du idag?", "Tåget till Stockholm går klockan nio.",
        "Jag skulle vilja ha en kopp kaffe, tack.", "Det är fint väder idag.",
    ),
    "da": (
        "Godmorgen, hvordan har du det i dag?", "Toget til København afgår klokken ni om morgenen.",
        "Jeg vil gerne have en kop kaffe, tak.",
    ),
    "nb": (
        "God morgen, hvordan har du det i dag?", "Toget til Oslo går klokka ni om morgenen.",
        "Jeg vil gjerne ha en kopp kaffe, takk.",
    ),
    "fi": (
        "Hyvää huomenta, mitä sinulle kuuluu tänään?", "Juna Helsinkiin lähtee kello yhdeksän.",
        "Haluaisin kupin kahvia, kiitos.",
    ),
    "pl": (
        "Dzień dobry, jak się pan dzisiaj ma?", "Pociąg do Warszawy odjeżdża o dziewiątej rano.", "Poproszę kawę.",
        "Gdzie jest dworzec?",
    ),
    "cs": (
        "Dobré ráno, jak se dnes máte?", "Vlak do Prahy odjíždí v devět hodin ráno.", "Chtěl bych kávu, prosím.",
    ),
    "hu": (
        "Jó reggelt, hogy van ma?", "A vonat Budapestre kilenckor indul.", "Kérek egy kávét.",
    ),
    "ro": (
        "Bună dimineața, ce mai faceți astăzi?", "Trenul spre București pleacă la ora nouă.",
        "Aș dori o cafea, vă rog.",
    ),
    "tr": (
        "Günaydın, bugün nasılsınız?", "İstanbul treni saat dokuzda kalkıyor.", "Bir kahve istiyorum, lütfen.",
    ),
    "vi": (
        "Chào buổi sáng, hôm nay bạn thế nào?", "Tàu đi Hà Nội khởi hành lúc chín giờ.",
    ),
    "id": (
        "Selamat pagi, apa kabar hari ini?", "Kereta ke Jakarta berangkat pukul sembilan pagi.",
        "Saya ingin secangkir kopi.",
    ),
    "ru": (
        "Доброе утро, как у вас дела сегодня?", "Поезд в Москву отправляется в девять утра.", "Привет",
    ),
    "uk": (
        "Доброго ранку, як у вас справи сьогодні?", "Потяг до Києва відправляється о дев'ятій ранку.",
        "Привіт, що це є?",
    ),
    "bg": (
        "Добро утро, как сте днес?", "Влакът за София тръгва в девет часа сутринта.",
    ),
    "sr": (
        "Добро јутро, како сте данас?", "Воз за Београд полази у девет сати.",
    ),
    "el": (
        "Καλημέρα, πώς είστε σήμερα;",
    ),
    "he": (
        "בוקר טוב, מה שלומך היום?",
    ),
    "ar": (
        "صباح الخير، كيف حالك اليوم؟", "القطار إلى القاهرة يغادر في الساعة التاسعة.",
    ),
    "fa": (
        "صبح بخیر، امروز حالتان چطور است؟", "قطار تهران ساعت نه صبح حرکت می‌کند.",
    ),
    "ur": (
        "صبح بخیر، آج آپ کیسے ہیں؟", "ٹرین نو بجے روانہ ہوتی ہے۔",
    ),
    "zh": (
        "早上好，你今天好吗？", "去北京的火车九点出发。",
    ),
    "ja": (
        "おはようございます、今日はお元気ですか？", "東京行きの電車は九時に出発します。", "東京",
    ),
    "ko": (
        "안녕하세요, 오늘 어떻게 지내세요?",
    ),
    "hi": (
        "सुप्रभात, आज आप कैसे हैं?", "दिल्ली की ट्रेन नौ बजे निकलती है।",
    ),
    "mr": (
        "शुभ प्रभात, आज तुम्ही कसे आहात?",
    ),
    "th": (
        "สวัสดีตอนเช้า วันนี้คุณเป็นอย่างไรบ้าง",
    ),
    "bn": (
        "সুপ্রভাত, আজ আপনি কেমন আছেন?",
    ),
    "ta": (
        "காலை வணக்கம், இன்று நீங்கள் எப்படி இருக்கிறீர்கள்?",
    ),
}
# fmt: on

MISSED = {
    "God morgen, hvordan har du det i dag?",
    "Jeg vil gjerne ha en kopp kaffe, takk.",  # taken for Danish
    "Poproszę kawę.",
    "A vonat Budapestre kilenckor indul.",
    "Aș dori o cafea, vă rog.",
    "Добро утро, как сте днес?",
    "Добро јутро, како сте данас?",
}
"""Too short, or nearer to a neighbour: what falls short today."""
