"""Scanners that parsers are made of."""


def pairs(line, pair=b" ", equals=b"=", start=0, quote=b'"'):
    """The key-value pairs of line from byte start on, as (key, begin, end): the value is line[begin:end].

    pair ends a pair and equals a key; both are one or several bytes. A value that begins with quote ends at the next
    one that no backslash precedes, and is given without them; quote=b"" reads quotes as any other byte. Words without
    equals are passed over, spaces around keys and in front of values do not belong to them. Give the place to
    ev.span: it is exact, where ev.set has to look for the value.
    """
    at, size, gap, spaced = start, len(line), len(equals), pair == b" "
    while at < size:
        key_end = line.find(equals, at)
        if key_end < 0:
            return
        cut = line.rfind(pair, at, key_end)
        key = line[at if cut < 0 else cut + len(pair):key_end].strip()
        begin = key_end + gap
        while not spaced and line[begin:begin + 1] == b" ":
            begin += 1
        if quote and line.startswith(quote, begin):
            begin += len(quote)
            end = line.find(quote, begin)
            while end > 0 and _escaped(line, begin, end):
                end = line.find(quote, end + 1)
            if end < 0:
                end = size
            at = line.find(pair, end)
        else:
            at = end = line.find(pair, begin)
            if end < 0:
                end = size
        if key:
            yield key, begin, end
        if at < 0:
            return
        at += len(pair)


def _escaped(line, begin, at):
    """Whether an odd number of backslashes precedes byte at."""
    n = at
    while n > begin and line[n - 1] == 0x5C:
        n -= 1
    return (at - n) & 1
