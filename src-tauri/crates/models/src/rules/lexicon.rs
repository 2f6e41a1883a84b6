//! What words are known to be. The lists' sources are in `data/README.md`.

use std::collections::HashSet;
use std::sync::LazyLock;

use oldgrowth_domain::words::{fold, is_stop_word};

/// "In" and "So" are names somewhere too.
static FIRST_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let mut names = lines(include_str!("../../data/first_names.txt"));
    names.retain(|name| *name == "will" || !is_stop_word(name));
    names
});
static COMMON_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| lines(include_str!("../../data/common_words.txt")));
static PLACES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    include_str!("../../data/places.txt")
        .lines()
        .map(fold)
        .collect()
});

fn lines(list: &'static str) -> HashSet<&'static str> {
    list.lines().collect()
}

/// Stand before a name of a person, and are no part of it. Folded, without the full stop.
const TITLES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "doctor",
    "prof",
    "professor",
    "sir",
    "madam",
    "dame",
    "lady",
    "lord",
    "rev",
    "reverend",
    "father",
    "sister",
    "brother",
    "captain",
    "capt",
    "major",
    "colonel",
    "general",
    "sgt",
    "sergeant",
    "lt",
    "lieutenant",
    "president",
    "senator",
    "judge",
    "justice",
    "king",
    "queen",
    "prince",
    "princess",
    "pope",
    "saint",
    "aunt",
    "auntie",
    "uncle",
    "grandma",
    "grandpa",
    "cousin",
    "coach",
    "chef",
    "nurse",
    "officer",
    "detective",
    "inspector",
    "mayor",
    "governor",
    "minister",
    "chancellor",
    "ambassador",
    "herr",
    "frau",
    "monsieur",
    "mme",
    "madame",
    "señor",
    "senor",
    "señora",
    "senora",
    "signor",
    "signora",
];

/// The last word of what an organisation is called.
const ORGANISATION_LAST: &[&str] = &[
    "inc",
    "ltd",
    "llc",
    "llp",
    "plc",
    "gmbh",
    "ag",
    "kg",
    "ev",
    "sa",
    "bv",
    "ab",
    "oy",
    "corp",
    "corporation",
    "co",
    "company",
    "group",
    "holdings",
    "partners",
    "university",
    "college",
    "school",
    "academy",
    "institute",
    "bank",
    "foundation",
    "association",
    "society",
    "council",
    "ministry",
    "department",
    "church",
    "hospital",
    "clinic",
    "museum",
    "gallery",
    "library",
    "committee",
    "commission",
    "agency",
    "authority",
    "club",
    "team",
    "orchestra",
    "choir",
    "office",
    "union",
    "party",
    "court",
    "airlines",
    "airways",
    "records",
    "studios",
    "studio",
    "labs",
    "laboratory",
    "laboratories",
    "technologies",
    "systems",
    "software",
    "solutions",
    "services",
    "industries",
    "press",
    "publishing",
    "books",
    "times",
    "post",
    "news",
    "magazine",
    "journal",
    "network",
    "media",
    "insurance",
    "pharmacy",
    "bakery",
    "brewery",
    "restaurant",
    "cafe",
    "trust",
    "federation",
    "league",
    "alliance",
    "coalition",
    "movement",
    "shelter",
    "theatre",
    "theater",
    "parliament",
    "senate",
    "congress",
    "police",
    "army",
    "navy",
    "stiftung",
    "verein",
    "universität",
    "hochschule",
    "archive",
    "archives",
    "observatory",
    "consulting",
    "logistics",
    "motors",
    "electric",
    "energy",
    "airport",
    "nursery",
    "cooperative",
    "collective",
    "railway",
    "railways",
    "waterworks",
];

/// Words that stand before "of" in what an organisation is called.
const ORGANISATION_OF: &[&str] = &[
    "university",
    "bank",
    "ministry",
    "department",
    "institute",
    "church",
    "museum",
    "college",
    "school",
    "society",
    "association",
    "academy",
    "board",
    "bureau",
    "chamber",
    "council",
    "house",
    "league",
    "friends",
    "federation",
    "office",
    "hospital",
];

const PLACE_LAST: &[&str] = &[
    "street",
    "st",
    "road",
    "rd",
    "avenue",
    "ave",
    "lane",
    "boulevard",
    "blvd",
    "drive",
    "square",
    "park",
    "lake",
    "river",
    "creek",
    "mountain",
    "mountains",
    "hill",
    "hills",
    "bay",
    "beach",
    "island",
    "islands",
    "isle",
    "valley",
    "county",
    "city",
    "village",
    "town",
    "bridge",
    "forest",
    "woods",
    "falls",
    "canyon",
    "desert",
    "ocean",
    "sea",
    "peninsula",
    "harbor",
    "harbour",
    "port",
    "station",
    "canal",
    "castle",
    "palace",
    "cathedral",
    "abbey",
    "close",
    "crescent",
    "terrace",
    "mews",
    "grove",
    "state",
    "garden",
    "gardens",
    "reserve",
    "district",
    "province",
    "heights",
    "springs",
    "coast",
    "cape",
    "gorge",
    "glacier",
    "trail",
    "pier",
    "farm",
    "mill",
    "ridge",
    "platz",
    "strasse",
    "allee",
    "meadow",
    "peak",
];

/// Names of places that are first names of people too, but rarely.
const RATHER_PLACES: &[&str] = &[
    "africa", "america", "asia", "berlin", "boston", "brooklyn", "cairo", "china", "dallas",
    "denver", "europe", "florence", "geneva", "houston", "india", "israel", "lima", "london",
    "milan", "odessa", "oslo", "paris", "phoenix", "sydney", "vienna", "york",
];

/// What a company says of its form, after its name.
const LEGAL_FORMS: &[&str] = &[
    "inc", "ltd", "llc", "llp", "plc", "gmbh", "ag", "kg", "corp", "kft", "oy", "bv", "nv", "spa",
    "srl", "pty", "co",
];

/// The first word of what an organisation is called, where that is not English.
const ORGANISATION_FIRST: &[&str] = &[
    "banco",
    "banque",
    "banca",
    "deutsche",
    "wydawnictwo",
    "editorial",
    "editions",
    "edizioni",
    "grupo",
    "universidad",
    "universite",
    "universita",
    "uniwersytet",
    "instituto",
    "museo",
    "musee",
    "ministerio",
    "ministere",
    "hotel",
    "restaurante",
    "trattoria",
    "radio",
    "stadtwerke",
    "fundacion",
    "fondation",
    "fondazione",
    "techniker",
];

/// How German compounds that are called so end.
const ORGANISATION_ENDS: &[&str] = &[
    "bank",
    "verein",
    "verlag",
    "werke",
    "kasse",
    "schule",
    "universitat",
    "gesellschaft",
    "stiftung",
    "verband",
    "klinikum",
    "krankenhaus",
];

/// Programs, services and languages: capitalised, and none of what is looked for.
const PRODUCTS: &[&str] = &[
    "android",
    "bash",
    "chatgpt",
    "chrome",
    "docker",
    "excel",
    "facebook",
    "firefox",
    "git",
    "gmail",
    "gnome",
    "gnu",
    "instagram",
    "java",
    "javascript",
    "kde",
    "kubernetes",
    "latex",
    "linux",
    "mac",
    "markdown",
    "mysql",
    "outlook",
    "perl",
    "photoshop",
    "php",
    "postgres",
    "powershell",
    "python",
    "react",
    "rust",
    "safari",
    "skype",
    "slack",
    "sqlite",
    "telegram",
    "tiktok",
    "typescript",
    "ubuntu",
    "unix",
    "whatsapp",
    "wikipedia",
    "windows",
    "youtube",
    "zoom",
];

const PLACE_FIRST: &[&str] = &[
    "mount", "mt", "lake", "port", "fort", "cape", "river", "san", "santa", "saint", "st", "los",
    "las", "el", "rio", "loch", "glen", "bad", "isle", "north", "south", "east", "west", "new",
    "upper", "lower", "old", "tierra", "calle", "rua", "rue", "via", "piazza", "plaza", "avenida",
    "ulica", "monte", "isla", "ile", "costa", "sierra", "puerto", "chateau", "sankt", "wadi",
    "jebel", "tell", "kafr", "beit",
];

/// People and what is theirs by country, and languages; no names of their own.
const PEOPLES: &[&str] = &[
    "african",
    "american",
    "arab",
    "arabic",
    "argentinian",
    "asian",
    "australian",
    "austrian",
    "bavarian",
    "belgian",
    "brazilian",
    "british",
    "bulgarian",
    "cambodian",
    "canadian",
    "catalan",
    "celtic",
    "chilean",
    "chinese",
    "christian",
    "christians",
    "colombian",
    "croatian",
    "cuban",
    "czech",
    "danish",
    "dutch",
    "egyptian",
    "english",
    "ethiopian",
    "european",
    "filipino",
    "finnish",
    "french",
    "german",
    "germanic",
    "ghanaian",
    "greek",
    "hebrew",
    "hindi",
    "hindu",
    "hungarian",
    "icelandic",
    "indian",
    "indonesian",
    "iranian",
    "iraqi",
    "irish",
    "islamic",
    "israeli",
    "italian",
    "jamaican",
    "japanese",
    "jewish",
    "kenyan",
    "korean",
    "kurdish",
    "latin",
    "latino",
    "lebanese",
    "malay",
    "mexican",
    "mongolian",
    "moroccan",
    "muslim",
    "muslims",
    "nepali",
    "nigerian",
    "nordic",
    "norwegian",
    "pakistani",
    "persian",
    "peruvian",
    "polish",
    "portuguese",
    "protestant",
    "roman",
    "romanian",
    "russian",
    "scandinavian",
    "scottish",
    "serbian",
    "slovak",
    "somali",
    "spanish",
    "swedish",
    "swiss",
    "syrian",
    "thai",
    "tibetan",
    "turkish",
    "ukrainian",
    "vietnamese",
    "welsh",
    "yiddish",
    "zulu",
    "buddhist",
    "catholic",
    "orthodox",
    "victorian",
    "gothic",
    "baroque",
];

/// Days, months and feasts: capitalised, and no names.
const CALENDAR: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "christmas",
    "easter",
    "halloween",
    "thanksgiving",
    "ramadan",
    "eid",
    "hanukkah",
    "diwali",
    "pentecost",
    "lent",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
];

/// Said of people alone, after their name.
const SAID: &[&str] = &[
    "said",
    "says",
    "asked",
    "asks",
    "told",
    "tells",
    "thinks",
    "thought",
    "wrote",
    "writes",
    "replied",
    "answered",
    "laughed",
    "smiled",
    "called",
    "texted",
    "emailed",
    "promised",
    "agreed",
    "suggested",
    "wants",
    "wanted",
    "likes",
    "loves",
    "loved",
    "hates",
    "hated",
    "knows",
    "knew",
    "remembers",
    "remembered",
    "believes",
    "hopes",
    "hoped",
    "lives",
    "lived",
    "married",
    "moved",
    "invited",
    "cooked",
    "baked",
    "brought",
    "explained",
    "mentioned",
    "noticed",
    "argued",
    "insisted",
    "admitted",
    "shrugged",
    "nodded",
    "paid",
    "phoned",
    "visited",
    "joined",
    "family",
    "grinned",
    "sighed",
    "whispered",
    "shouted",
    "cried",
    "added",
    "went",
    "came",
    "left",
    "arrived",
    "died",
    "stayed",
    "sat",
    "stood",
    "looked",
    "turned",
    "ran",
    "walked",
];

/// Done to or with people, before their name.
const MET: &[&str] = &[
    "with",
    "met",
    "told",
    "asked",
    "thanks",
    "thank",
    "dear",
    "hi",
    "hello",
    "hey",
    "invited",
    "married",
    "named",
    "called",
    "hired",
    "visited",
    "texted",
    "phoned",
    "emailed",
    "meet",
    "ask",
    "tell",
    "call",
    "remind",
    "reminded",
    "cc",
    "regards",
    "sincerely",
    "love",
    "cheers",
    "welcome",
    "congratulations",
    "congrats",
    "bye",
    "asking",
    "telling",
    "meeting",
    "seeing",
    "saw",
    "helped",
    "helping",
    "miss",
];

/// Before the name of a place, and of hardly anything else.
const WHERE: &[&str] = &[
    "in", "near", "through", "around", "across", "outside", "reached", "visiting", "toured",
];

/// Before the name of a place, or of somebody.
const WHITHER: &[&str] = &["to", "from", "via", "towards", "toward", "leaving"];

/// Said of somebody's work, before "at" or "for".
const WORK: &[&str] = &[
    "work",
    "works",
    "worked",
    "working",
    "job",
    "jobs",
    "interview",
    "position",
    "intern",
    "interned",
    "internship",
    "engineer",
    "manager",
    "consultant",
    "career",
    "hired",
];

/// What is written in capitals and is no organisation.
const LETTERS: &[&str] = &[
    "ai", "am", "api", "asap", "ascii", "atm", "bbq", "bc", "bmi", "btw", "cd", "ceo", "cfo",
    "cpu", "cms", "css", "csv", "cto", "cv", "dc", "db", "diy", "dna", "dns", "dvd", "eta", "faq",
    "fm", "ftp", "fyi", "gdp", "gps", "gpu", "gui", "hd", "hr", "html", "http", "https", "id",
    "ide", "imo", "imho", "ios", "ip", "iq", "it", "jpeg", "jpg", "json", "lan", "led", "lgbt",
    "lgbtq", "lol", "mp3", "mvp", "ok", "omg", "os", "pc", "pdf", "phd", "pin", "pm", "png", "pr",
    "ps", "qa", "qr", "ram", "rest", "rip", "roi", "rsvp", "sdk", "seo", "sms", "sos", "sql",
    "ssd", "ssl", "svg", "tba", "tbd", "tcp", "tls", "readme", "todo", "tv", "udp", "ui", "url",
    "usb", "utc", "utf", "ux", "vip", "vpn", "vr", "wifi", "xml", "yaml", "zip", "note", "and",
    "or", "not", "if", "ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii", "the", "a", "i",
    "fft", "rpc", "sla", "okr", "kpi", "pto", "nda", "faqs", "wip", "lgtm", "aws", "gcp", "unix",
    "iban", "bic", "dkk",
];

/// Between the words of one name, in small letters.
const INNER: &[&str] = &[
    "de", "da", "do", "dos", "del", "della", "di", "du", "la", "le", "van", "von", "der", "den",
    "ter", "zu", "zur", "al", "bin", "ibn", "af", "av", "y",
];

/// Organisations that everybody calls by words that do not say so.
const ORGANISATIONS: &[&str] = &[
    "adobe",
    "airbnb",
    "airbus",
    "alibaba",
    "amazon",
    "amnesty international",
    "apple",
    "basf",
    "bayer",
    "bbc",
    "bmw",
    "boeing",
    "bosch",
    "cern",
    "cia",
    "cisco",
    "cnn",
    "debian",
    "dell",
    "doctors without borders",
    "ebay",
    "ecb",
    "esa",
    "european union",
    "eu",
    "facebook",
    "fbi",
    "fedex",
    "fifa",
    "github",
    "gitlab",
    "google",
    "greenpeace",
    "harvard",
    "huawei",
    "ibm",
    "ikea",
    "imf",
    "intel",
    "interpol",
    "lego",
    "lidl",
    "linkedin",
    "lufthansa",
    "mercedes",
    "meta",
    "microsoft",
    "mit",
    "mozilla",
    "nasa",
    "nato",
    "nestle",
    "netflix",
    "nhs",
    "nike",
    "nintendo",
    "nokia",
    "nvidia",
    "openai",
    "oracle",
    "oxfam",
    "paypal",
    "pfizer",
    "philips",
    "porsche",
    "red cross",
    "red crescent",
    "red hat",
    "reuters",
    "rotary",
    "samsung",
    "sap",
    "scouts",
    "shell",
    "siemens",
    "sony",
    "spotify",
    "starbucks",
    "stanford",
    "telekom",
    "tesla",
    "tesco",
    "toyota",
    "twitter",
    "uber",
    "uefa",
    "un",
    "unesco",
    "unhcr",
    "unicef",
    "united nations",
    "ups",
    "volkswagen",
    "volvo",
    "walmart",
    "who",
    "wikimedia",
    "world bank",
    "wwf",
    "yale",
    "ymca",
];

/// German writes every noun with a capital. These words show that a text is German.
const GERMAN: &[&str] = &[
    "der", "die", "das", "und", "ist", "nicht", "mit", "ein", "eine", "einen", "dem", "den", "des",
    "zu", "auf", "für", "fur", "von", "im", "sich", "ich", "wir", "sie", "auch", "wird", "bei",
    "noch", "nach", "am", "aus", "dass", "wie", "aber", "oder", "sind", "haben", "hat", "war",
    "um", "zum", "zur", "bis", "uber", "ihr", "ihm", "mein", "meine", "kein", "keine", "schon",
];

/// A folded word, without what makes it a possessive.
pub(super) struct Word<'w>(pub(super) &'w str);

impl Word<'_> {
    pub(super) fn is_first_name(&self) -> bool {
        FIRST_NAMES.contains(self.0)
            || self
                .0
                .split_once('-')
                .is_some_and(|(a, b)| FIRST_NAMES.contains(a) && FIRST_NAMES.contains(b))
    }

    /// An English word, or one of its regular forms.
    pub(super) fn is_common(&self) -> bool {
        let word = self.0;
        let is_base = |base: &str| COMMON_WORDS.contains(base);
        is_base(word)
            || ["s", "es", "ed", "d", "ing", "ly"]
                .iter()
                .filter_map(|end| word.strip_suffix(end))
                .any(|base| base.len() > 2 && (is_base(base) || doubled(base).is_some_and(is_base)))
            || word
                .strip_suffix("ies")
                .or_else(|| word.strip_suffix("ied"))
                .is_some_and(|base| is_base(&format!("{base}y")))
            || word
                .strip_suffix("ing")
                .is_some_and(|base| is_base(&format!("{base}e")))
            || word.contains('\'')
    }

    pub(super) fn is_title(&self) -> bool {
        TITLES.contains(&self.0)
    }

    pub(super) fn ends_organisation(&self) -> bool {
        ORGANISATION_LAST.contains(&self.0)
            || LEGAL_FORMS.contains(&self.0)
            || ORGANISATION_ENDS
                .iter()
                .any(|end| self.0.len() > end.len() + 2 && self.0.ends_with(end))
    }

    pub(super) fn begins_organisation_of(&self) -> bool {
        ORGANISATION_OF.contains(&self.0)
    }

    pub(super) fn ends_place(&self) -> bool {
        PLACE_LAST.contains(&self.0)
    }

    pub(super) fn begins_place(&self) -> bool {
        PLACE_FIRST.contains(&self.0)
    }

    /// A day, a month or a feast.
    pub(super) fn is_of_the_calendar(&self) -> bool {
        CALENDAR.contains(&self.0)
    }

    /// A month that is a first name as well.
    pub(super) fn is_month_and_name(&self) -> bool {
        matches!(self.0, "april" | "may" | "june" | "august")
    }

    /// "German", "Swiss": no name by itself, and the first word of some.
    pub(super) fn is_of_a_people(&self) -> bool {
        PEOPLES.contains(&self.0)
    }

    pub(super) fn is_german(&self) -> bool {
        GERMAN.contains(&self.0)
    }

    pub(super) fn is_said_of_people(&self) -> bool {
        SAID.contains(&self.0)
    }

    pub(super) fn is_done_to_people(&self) -> bool {
        MET.contains(&self.0)
    }

    pub(super) fn is_where(&self) -> bool {
        WHERE.contains(&self.0)
    }

    pub(super) fn is_whither(&self) -> bool {
        WHITHER.contains(&self.0)
    }

    pub(super) fn is_of_work(&self) -> bool {
        WORK.contains(&self.0)
    }

    pub(super) fn is_legal_form(&self) -> bool {
        LEGAL_FORMS.contains(&self.0)
    }

    pub(super) fn begins_organisation(&self) -> bool {
        ORGANISATION_FIRST.contains(&self.0)
    }

    pub(super) fn is_product(&self) -> bool {
        PRODUCTS.contains(&self.0)
    }

    pub(super) fn is_rather_place(&self) -> bool {
        RATHER_PLACES.contains(&self.0)
    }

    pub(super) fn is_abbreviation(&self) -> bool {
        LETTERS.contains(&self.0)
    }

    pub(super) fn joins_names(&self) -> bool {
        INNER.contains(&self.0)
    }
}

/// The folded words of a name, joined by one space.
pub(super) fn is_organisation(folded: &str) -> bool {
    ORGANISATIONS.contains(&folded)
}

/// The folded words of a name, joined by one space.
pub(super) fn is_place(folded: &str) -> bool {
    PLACES.contains(folded)
}

/// `stopp` as in "stopped": the word before its last letter was doubled.
fn doubled(base: &str) -> Option<&str> {
    let mut letters = base.chars().rev();
    (letters.next()? == letters.next()?).then(|| base.get(..base.len() - 1))?
}
