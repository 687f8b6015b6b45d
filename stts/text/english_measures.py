"""Amounts of money and units of measure in English words."""

from __future__ import annotations

from collections.abc import Mapping

from stts.text.english_numerals import cardinal, written

# fmt: off
CURRENCIES: Mapping[str, tuple[str, str, str, str]] = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("US dollar", "US dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "₩": ("won", "won", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("rouble", "roubles", "kopeck", "kopecks"),
    "USD": ("US dollar", "US dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "JPY": ("yen", "yen", "", ""),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "INR": ("rupee", "rupees", "paisa", "paise"),
}
"""Sign or code -> one, several, one of its hundredth part, several of it; none where it has no part."""

UNITS: Mapping[str, tuple[str, str]] = {
    "km": ("kilometer", "kilometers"), "cm": ("centimeter", "centimeters"), "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"), "mi": ("mile", "miles"), "ft": ("foot", "feet"), "yd": ("yard", "yards"),
    "km/h": ("kilometer per hour", "kilometers per hour"), "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"), "m/s": ("meter per second", "meters per second"),
    "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"), "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"),
    "l": ("liter", "liters"), "L": ("liter", "liters"), "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "s": ("second", "seconds"), "sec": ("second", "seconds"), "ms": ("millisecond", "milliseconds"),
    "min": ("minute", "minutes"), "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
    "kB": ("kilobyte", "kilobytes"), "KB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"),
    "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"), "dB": ("decibel", "decibels"),
    "px": ("pixel", "pixels"), "sq ft": ("square foot", "square feet"), "m²": ("square meter", "square meters"),
}
# fmt: on
"""Sign -> one, several."""


def money(number: str, sign: str, scale: str | None) -> str:
    """`forty-eight dollars and fifty cents`; with a scale (`million`) the number is read as it is written."""
    one, several, part, parts = CURRENCIES[sign]
    whole, _, fraction = number.replace(",", "").partition(".")
    if scale:
        return f"{written(number)} {scale} {several}"
    if fraction and (not part or len(fraction) != 2):
        return f"{written(number)} {several}"
    count, hundredths = int(whole or "0"), int(fraction or "0")
    amount = f"{cardinal(count)} {one if count == 1 else several}"
    if not hundredths:
        return amount
    change = f"{cardinal(hundredths)} {part if hundredths == 1 else parts}"
    return f"{amount} and {change}" if count else change


def unit(sign: str, number: str) -> str:
    """The unit's name for so many of it."""
    one, several = UNITS[sign]
    return one if number == "1" else several


_MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
MONTHS: Mapping[str, str] = {
    **{name.lower(): name for name in _MONTH_NAMES},
    **{name.lower()[:3]: name for name in _MONTH_NAMES if name != "May"},
    "sept": "September",
}
"""Names and abbreviations in lower case -> name, in the order of the year."""
