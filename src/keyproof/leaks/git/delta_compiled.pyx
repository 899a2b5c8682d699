"""The hot loops over packs in C; what every function does is said, and done in Python, in delta_plain.py.

Formats: gitformat-pack(5). Nothing a file says is believed: every offset is checked before it is used.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, qsort, realloc
from libc.string cimport memchr, memcmp, memcpy, memset

from array import array

cdef enum:
    OFS_DELTA = 6
    REF_DELTA = 7


cdef struct Numbers:
    int64_t* at
    Py_ssize_t count
    Py_ssize_t room


cdef int push(Numbers* numbers, int64_t value) except -1:
    cdef int64_t* grown
    if numbers.count == numbers.room:
        numbers.room = numbers.room * 2 if numbers.room else 64
        grown = <int64_t*>realloc(numbers.at, numbers.room * sizeof(int64_t))
        if grown == NULL:
            raise MemoryError
        numbers.at = grown
    numbers.at[numbers.count] = value
    numbers.count += 1
    return 0


cdef int by_offset(const void* one, const void* other) noexcept nogil:
    cdef uint64_t left = (<const uint64_t*>one)[0]
    cdef uint64_t right = (<const uint64_t*>other)[0]
    return (left > right) - (left < right)


def in_order(long long[::1] places):
    """The positions of `places` and their values, ascending."""
    cdef Py_ssize_t count = places.shape[0], number
    cdef uint64_t* pairs = <uint64_t*>malloc(count * 16 + 16)
    positions, offsets = array("q", bytes(8 * count)), array("q", bytes(8 * count))
    cdef long long[::1] position = positions, offset = offsets
    if pairs == NULL:
        raise MemoryError
    for number in range(count):
        pairs[2 * number] = <uint64_t>places[number]
        pairs[2 * number + 1] = number
    qsort(pairs, count, 16, by_offset)
    for number in range(count):
        offset[number] = <long long>pairs[2 * number]
        position[number] = <long long>pairs[2 * number + 1]
    free(pairs)
    return positions, offsets


def find(bytes names, bytes name) -> int:
    """The place of `name` among `names` in order, -1 when it is not there."""
    cdef Py_ssize_t width = len(name), count = len(names) // width if width else 0
    return place_of(PyBytes_AS_STRING(names), count, width, PyBytes_AS_STRING(name))


cdef Py_ssize_t place_of(const char* names, Py_ssize_t count, Py_ssize_t width, const char* name) noexcept nogil:
    """Ids are hashes: the first bytes tell about where one stands."""
    cdef Py_ssize_t low = 0, high = count, middle, guess, reach
    cdef uint64_t lead
    cdef int order
    if width >= 4 and count > 64:
        lead = (<uint64_t>(<unsigned char>name[0]) << 24 | <uint64_t>(<unsigned char>name[1]) << 16
                | <uint64_t>(<unsigned char>name[2]) << 8 | <uint64_t>(<unsigned char>name[3]))
        guess = <Py_ssize_t>((lead * <uint64_t>count) >> 32)
        reach = 16
        while True:
            low = guess - reach if guess > reach else 0
            high = guess + reach if guess + reach < count else count
            if (low == 0 or memcmp(names + low * width, name, width) <= 0) and (
                high == count or memcmp(names + high * width, name, width) > 0
            ):
                break
            reach *= 8
    while low < high:
        middle = (low + high) >> 1
        order = memcmp(names + middle * width, name, width)
        if order == 0:
            return middle
        if order < 0:
            low = middle + 1
        else:
            high = middle
    return -1


def read_headers(
    const unsigned char[::1] pack,
    long long[::1] offsets,
    unsigned char[::1] kinds,
    long long[::1] sizes,
    long long[::1] starts,
    long long[::1] bases,
    object numbers,
) -> int:
    cdef Py_ssize_t number, named = 0, low, high, middle
    cdef long long at, end, size, base, back, wanted
    cdef int byte, kind, shift
    for number in range(<Py_ssize_t>numbers.start, <Py_ssize_t>numbers.stop):
        at = offsets[number]
        end = offsets[number + 1]
        if at < 0 or end - at < 2 or end > pack.shape[0]:
            raise ValueError("objects overlap")
        byte = pack[at]
        at += 1
        kind = byte >> 4 & 7
        size = byte & 15
        shift = 4
        while byte & 128:
            if at >= end or shift > 56:
                raise ValueError("endless size")
            byte = pack[at]
            at += 1
            size |= <long long>(byte & 127) << shift
            shift += 7
        base = -1
        if kind == OFS_DELTA:
            byte = 128
            back = -1
            while byte & 128:
                if at >= end or back > <long long>1 << 50:
                    raise ValueError("endless offset")
                byte = pack[at]
                at += 1
                back = (back + 1 << 7) | (byte & 127)
            wanted = offsets[number] - back
            low = 0
            high = number
            while low < high:
                middle = (low + high) >> 1
                if offsets[middle] < wanted:
                    low = middle + 1
                else:
                    high = middle
            if low >= number or offsets[low] != wanted:
                raise ValueError("a base that is none")
            base = low
            kind = kinds[low]
        elif kind == REF_DELTA:
            named += 1
        kinds[number] = kind
        sizes[number] = size
        starts[number] = at
        bases[number] = base
    return named


def link(long long[::1] bases, long long[::1] first, long long[::1] following) -> None:
    cdef Py_ssize_t number
    cdef long long base
    for number in range(bases.shape[0] - 1, -1, -1):
        base = bases[number]
        if base >= 0:
            following[number] = first[base]
            first[base] = number


def families(long long[::1] bases, unsigned char[::1] kinds, int kind, long long[::1] roots) -> None:
    cdef Py_ssize_t number
    cdef long long base
    for number in range(bases.shape[0]):
        base = bases[number]
        if kinds[number] != kind:
            roots[number] = -1
        elif base < 0:
            roots[number] = number
        else:
            roots[number] = roots[base] if base < number else -1


def chosen(const unsigned char[::1] kinds, int kind):
    cdef Py_ssize_t number, count = 0
    for number in range(kinds.shape[0]):
        count += kinds[number] == kind
    numbers = array("q", bytes(8 * count))
    cdef long long[::1] found = numbers
    count = 0
    for number in range(kinds.shape[0]):
        if kinds[number] == kind:
            found[count] = number
            count += 1
    return numbers


def weigh(long long[::1] roots, long long[::1] offsets, const unsigned char[::1] wanted):
    cdef Py_ssize_t number
    cdef long long root
    weights, counts = array("q", bytes(8 * len(roots))), array("q", bytes(8 * len(roots)))
    cdef long long[::1] weight = weights, count = counts
    for number in range(roots.shape[0]):
        root = roots[number]
        if root >= 0:
            weight[root] += offsets[number + 1] - offsets[number]
            count[root] += wanted[number]
    return weights, counts


cdef struct Delta:
    const unsigned char* data
    Py_ssize_t length
    Py_ssize_t at
    int64_t base
    int64_t result


cdef int open_delta(Delta* delta, const unsigned char* data, Py_ssize_t length) except -1:
    cdef int which, shift, byte
    cdef int64_t size
    delta.data = data
    delta.length = length
    delta.at = 0
    for which in range(2):
        size = 0
        shift = 0
        byte = 128
        while byte & 128:
            if delta.at >= length or shift > 56:
                raise ValueError("endless size")
            byte = data[delta.at]
            delta.at += 1
            size |= <int64_t>(byte & 127) << shift
            shift += 7
        if which:
            delta.result = size
        else:
            delta.base = size
    return 0


cdef inline int next_copy(Delta* delta, int byte, int64_t* offset, int64_t* size) except -1:
    """The operands of a copy whose first byte was read."""
    cdef int shift
    offset[0] = 0
    size[0] = 0
    for shift in range(4):
        if byte >> shift & 1:
            if delta.at >= delta.length:
                raise ValueError("cut short")
            offset[0] |= <int64_t>delta.data[delta.at] << 8 * shift
            delta.at += 1
    for shift in range(3):
        if byte >> 4 + shift & 1:
            if delta.at >= delta.length:
                raise ValueError("cut short")
            size[0] |= <int64_t>delta.data[delta.at] << 8 * shift
            delta.at += 1
    if size[0] == 0:
        size[0] = 0x10000
    return 0


def apply_delta(bytes base, bytes delta, long long largest, long long margin):
    """The child, and its windows (see delta_plain.py); of a negative margin there are none."""
    cdef Numbers touched = Numbers(NULL, 0, 0)
    cdef Delta one
    cdef bytes child
    open_delta(&one, <const unsigned char*>PyBytes_AS_STRING(delta), len(delta))
    if one.base != len(base) or one.result > largest or one.result < 0:
        raise ValueError("another base, or too large")
    child = PyBytes_FromStringAndSize(NULL, one.result)
    try:
        make_child(&one, PyBytes_AS_STRING(base), PyBytes_AS_STRING(child), &touched)
        if margin < 0:
            return child, b""
        return child, windows(child, &touched, margin)
    finally:
        free(touched.at)


cdef int make_child(Delta* delta, const char* base, char* child, Numbers* touched) except -1:
    cdef int64_t offset, size, made = 0, expected = 0, opened = -1
    cdef int byte
    while delta.at < delta.length:
        byte = delta.data[delta.at]
        delta.at += 1
        if byte & 128:
            next_copy(delta, byte, &offset, &size)
            if offset + size > delta.base or made + size > delta.result:
                raise ValueError("a copy out of bounds")
            if opened >= 0:
                push(touched, opened)
                push(touched, made)
                opened = -1
            elif offset != expected:
                push(touched, made)
                push(touched, made)
            memcpy(child + made, base + offset, size)
            expected = offset + size
        else:
            size = byte
            if size == 0 or delta.at + size > delta.length or made + size > delta.result:
                raise ValueError("an insertion out of bounds")
            if opened < 0:
                opened = made
            memcpy(child + made, delta.data + delta.at, size)
            delta.at += size
            expected = -1
        made += size
    if made != delta.result:
        raise ValueError("another size")
    if opened >= 0:
        push(touched, opened)
        push(touched, made)
    elif expected != delta.base:
        push(touched, made)
        push(touched, made)
    return 0


cdef inline int64_t line_end(const char* text, int64_t length, int64_t at) noexcept nogil:
    cdef const char* found
    if at >= length:
        return -1
    found = <const char*>memchr(text + at, 10, length - at)
    return found - text if found != NULL else -1


cdef inline int64_t line_start(const char* text, int64_t at) noexcept nogil:
    while at > 0:
        at -= 1
        if text[at] == 10:
            return at
    return -1


cdef bytes windows(bytes child, Numbers* touched, int64_t margin):
    cdef const char* text = PyBytes_AS_STRING(child)
    cdef int64_t length = len(child), low = 0, high = -1, start, stop
    cdef Py_ssize_t number
    cdef Numbers pieces = Numbers(NULL, 0, 0)
    try:
        for number in range(0, touched.count, 2):
            start = touched.at[number] - margin
            stop = touched.at[number + 1] + margin
            if stop < high:
                continue
            start = max(start, 0)
            if start > high:
                if high >= 0:
                    push(&pieces, low)
                    push(&pieces, high)
                start = line_start(text, start)
                if start > 0:
                    start = line_start(text, start)
                if start < high:
                    start = high - 1
                low = start + 1
            stop = line_end(text, length, stop)
            if stop >= 0:
                stop = line_end(text, length, stop + 1)
            high = stop + 1 if stop >= 0 else length
        if high >= 0:
            push(&pieces, low)
            push(&pieces, high)
        return joined(text, &pieces)
    finally:
        free(pieces.at)


cdef bytes joined(const char* text, Numbers* pieces):
    cdef Py_ssize_t number
    cdef int64_t total = 0, low, high
    cdef bytes result
    cdef char* to
    for number in range(0, pieces.count, 2):
        total += pieces.at[number + 1] - pieces.at[number] + 1
    if total == 0:
        return b""
    result = PyBytes_FromStringAndSize(NULL, total - 1)
    to = PyBytes_AS_STRING(result)
    for number in range(0, pieces.count, 2):
        if number:
            to[0] = 10
            to += 1
        low = pieces.at[number]
        high = pieces.at[number + 1]
        memcpy(to, text + low, high - low)
        to += high - low
    return result


cdef struct PackNames:
    const char* names
    const long long* numbers
    int64_t first
    uint64_t* table  # open addressing by the first bytes of an id, a hash itself: half of them, and its place plus 1
    uint64_t mask


cdef uint64_t LOW = 0xFFFFFFFF
cdef uint64_t HIGH = ~LOW


cdef inline uint64_t lead_of(const char* name) noexcept nogil:
    cdef uint64_t lead
    memcpy(&lead, name, sizeof(lead))
    return lead


cdef int fill_table(PackNames* pack, Py_ssize_t count, Py_ssize_t width) except -1:
    cdef uint64_t size = 16, slot, lead
    cdef Py_ssize_t place
    while size < <uint64_t>count * 2:
        size *= 2
    pack.mask = size - 1
    pack.table = <uint64_t*>calloc(size, sizeof(uint64_t))
    if pack.table == NULL:
        raise MemoryError
    for place in range(count):
        lead = lead_of(pack.names + place * width)
        slot = lead & pack.mask
        while pack.table[slot]:
            slot = (slot + 1) & pack.mask
        pack.table[slot] = (lead & HIGH) | <uint64_t>(place + 1)
    return 0


cdef class Names:
    """The ids of some packs, to look them up by; object `number` of pack `place` is `first[place] + number`."""

    cdef PackNames* packs
    cdef Py_ssize_t count
    cdef list held
    cdef readonly list first
    cdef readonly dict others
    cdef readonly Py_ssize_t width
    cdef readonly Py_ssize_t total

    def __cinit__(self):
        self.packs = NULL

    def __init__(self, Py_ssize_t width, packs):
        """`packs` gives for each pack its names in order and the number of each, which must not change."""
        cdef long long[::1] numbers
        cdef bytes names
        cdef PackNames* one
        cdef Py_ssize_t count
        self.width, self.total, self.count = width, 0, 0
        self.held, self.first, self.others = [], [], {}
        self.packs = <PackNames*>malloc(sizeof(PackNames) * (len(packs) + 1))
        if self.packs == NULL:
            raise MemoryError
        for names, given in packs:
            if not len(given):
                self.first.append(self.total)
                continue
            numbers = given
            one = &self.packs[self.count]
            one.names = PyBytes_AS_STRING(names)
            count = len(names) // width
            fill_table(one, count, width)
            one.numbers = &numbers[0]
            one.first = self.total
            self.held.append((names, memoryview(given)))
            self.first.append(self.total)
            self.total += count
            self.count += 1

    def __dealloc__(self):
        cdef Py_ssize_t place
        for place in range(self.count):
            free(self.packs[place].table)
        free(self.packs)

    def add(self, bytes name) -> int:
        """The number of a name that no pack holds, given when it has none."""
        if name not in self.others:
            self.others[name] = self.total
            self.total += 1
        return self.others[name]

    def number(self, bytes name) -> int:
        """The number of an object, -1 when it has none."""
        return self.of(PyBytes_AS_STRING(name)) if len(name) == self.width else -1

    cdef int64_t of(self, const char* name) except -2:
        cdef Py_ssize_t place, found
        cdef PackNames* one
        cdef uint64_t slot, lead = lead_of(name)
        for place in range(self.count):
            one = &self.packs[place]
            slot = lead & one.mask
            while one.table[slot]:
                if (one.table[slot] ^ lead) & HIGH == 0:
                    found = <Py_ssize_t>(one.table[slot] & LOW) - 1
                    if memcmp(one.names + found * self.width, name, self.width) == 0:
                        return one.first + one.numbers[found]
                slot = (slot + 1) & one.mask
        if self.others:
            return self.others.get(<bytes>name[:self.width], -1)
        return -1


cdef struct Entry:
    uint32_t start
    int32_t child
    int32_t name


cdef class Tree:
    """One tree while those that are stored as deltas of it are read."""

    cdef bytes content
    cdef Py_ssize_t place  # in the order of reading
    cdef Entry* entries
    cdef Py_ssize_t count
    cdef Py_ssize_t room

    def __cinit__(self):
        self.entries = NULL

    def __dealloc__(self):
        free(self.entries)

    cdef int reserve(self, Py_ssize_t room) except -1:
        """Make room for so many entries."""
        cdef Entry* grown
        if room > self.room:
            room = max(room, 2 * self.room)
            grown = <Entry*>realloc(self.entries, room * sizeof(Entry))
            if grown == NULL:
                raise MemoryError
            self.entries, self.room = grown, room
        return 0

    cdef Py_ssize_t entry_at(self, int64_t start) noexcept:
        """The entry that starts at `start`, -1 when none does."""
        cdef Py_ssize_t low = 0, high = self.count, middle
        while low < high:
            middle = (low + high) >> 1
            if self.entries[middle].start < start:
                low = middle + 1
            else:
                high = middle
        return low if low < self.count and self.entries[low].start == start else -1


cdef enum:
    FOLDER = 0o40000
    COMMIT = 0o160000
    KIND_TREE = 2
    KIND_BLOB = 3


cdef struct Change:
    int32_t child  # inverted when the entry is gone
    int32_t name


cdef class TreeReader:
    """What every tree of some packs holds, kept as what it adds to and takes from the tree before it.

    Names of entries and objects are numbers. `missing` are the ids that trees refer to and nothing holds; they
    are numbered like objects.
    """

    cdef Names ids
    cdef bytearray kinds
    cdef dict words
    cdef readonly dict missing
    cdef Numbers numbers
    cdef Numbers bases
    cdef Numbers ends
    cdef Change* changes
    cdef Py_ssize_t count
    cdef Py_ssize_t room

    def __cinit__(self):
        self.numbers = Numbers(NULL, 0, 0)
        self.bases = Numbers(NULL, 0, 0)
        self.ends = Numbers(NULL, 0, 0)
        self.changes = NULL

    def __dealloc__(self):
        free(self.numbers.at)
        free(self.bases.at)
        free(self.ends.at)
        free(self.changes)

    def __init__(self, Names ids, bytearray kinds):
        """`kinds` gives the type of every numbered object: 2 for a tree, 3 for a blob."""
        self.ids, self.kinds, self.words, self.missing = ids, kinds, {}, {}

    @property
    def names(self) -> list:
        """The names of entries by number."""
        return list(self.words)

    def whole(self, int64_t number, bytes content) -> Tree:
        """Read a tree that is stored whole. Raises ValueError for a malformed one."""
        cdef Tree tree = self.begin(number, -1, content)
        cdef Py_ssize_t at = 0
        while at < len(content):
            at = self.enter(tree, at)
        push(&self.ends, self.count)
        return tree

    def child(self, Tree base, int64_t number, bytes raw) -> Tree:
        """Read the tree that the delta `raw` makes of `base`. Raises ValueError for a malformed one."""
        cdef Delta delta
        cdef Numbers touched = Numbers(NULL, 0, 0), runs = Numbers(NULL, 0, 0)
        cdef bytes content
        cdef Tree tree
        open_delta(&delta, <const unsigned char*>PyBytes_AS_STRING(raw), len(raw))
        if delta.base != len(base.content) or delta.result < 0 or delta.result > 1 << 28:
            raise ValueError("another base, or too large")
        content = PyBytes_FromStringAndSize(NULL, delta.result)
        try:
            make_child(&delta, PyBytes_AS_STRING(base.content), PyBytes_AS_STRING(content), &touched)
            copies(raw, &runs)
            tree = self.begin(number, base.place, content)
            self.carry_on(tree, base, &runs)
        finally:
            free(touched.at)
            free(runs.at)
        push(&self.ends, self.count)
        return tree

    cdef Tree begin(self, int64_t number, Py_ssize_t base, bytes content):
        cdef Tree tree = Tree()
        tree.content = content
        tree.place = self.numbers.count
        push(&self.numbers, number)
        push(&self.bases, base)
        return tree

    cdef int carry_on(self, Tree tree, Tree base, Numbers* runs) except -1:
        """Take over the entries that lie whole in a copied run, and read those between."""
        cdef int64_t length = len(tree.content), limit = len(base.content), at = 0, begin, end, shift, stop
        cdef Py_ssize_t run = 0, entry, count = base.count
        cdef bytes marks = PyBytes_FromStringAndSize(NULL, count)
        cdef char* carried = PyBytes_AS_STRING(marks)
        cdef Entry* new
        memset(carried, 0, count)
        while at < length:
            while run < runs.count and runs.at[run] + runs.at[run + 2] <= at:
                run += 3
            begin = at
            if run < runs.count and runs.at[run] <= at:
                shift = runs.at[run + 1] - runs.at[run]
                stop = runs.at[run + 1] + runs.at[run + 2]
                entry = base.entry_at(at + shift)
                if entry >= 0:
                    tree.reserve(tree.count + count - entry)
                while 0 <= entry < count:
                    end = base.entries[entry + 1].start if entry + 1 < count else limit
                    if end > stop:
                        break
                    if carried[entry]:
                        self.note(base.entries[entry].child, base.entries[entry].name, False)
                    carried[entry] = 1
                    new = &tree.entries[tree.count]
                    new.start = <uint32_t>at
                    new.child = base.entries[entry].child
                    new.name = base.entries[entry].name
                    tree.count += 1
                    at = end - shift
                    entry += 1
            if at == begin:
                at = self.enter(tree, at)
        for entry in range(count):
            if not carried[entry]:
                self.note(base.entries[entry].child, base.entries[entry].name, True)
        return 0

    cdef int note(self, int32_t child, int32_t name, bint gone) except -1:
        """An entry came or is gone; those that lead nowhere are of no account."""
        cdef Change* grown
        if child < 0:
            return 0
        if self.count == self.room:
            self.room = max(1024, self.room * 3 // 2)
            grown = <Change*>realloc(self.changes, self.room * sizeof(Change))
            if grown == NULL:
                raise MemoryError
            self.changes = grown
        self.changes[self.count].child = ~child if gone else child
        self.changes[self.count].name = name
        self.count += 1
        return 0

    cdef Py_ssize_t enter(self, Tree tree, Py_ssize_t at) except -1:
        """Read the entry at `at`; where the next one starts."""
        cdef const char* text = PyBytes_AS_STRING(tree.content)
        cdef Py_ssize_t length = len(tree.content), place = at
        cdef int64_t mode = 0, number
        cdef const char* end
        cdef bytes name
        cdef Entry* new
        while place < length and 48 <= text[place] <= 55 and mode < 1 << 20:
            mode = mode << 3 | (text[place] - 48)
            place += 1
        if place == at or place >= length or text[place] != 32:
            raise ValueError("a malformed tree")
        end = <const char*>memchr(text + place, 0, length - place)
        if end == NULL or end - text + 1 + self.ids.width > length:
            raise ValueError("a malformed tree")
        name = text[place + 1 : end - text]
        number = self.resolve(end + 1, mode)
        tree.reserve(tree.count + 1)
        new = &tree.entries[tree.count]
        new.start = <uint32_t>at
        new.child = <int32_t>number
        new.name = self.words.setdefault(name, len(self.words))
        tree.count += 1
        self.note(new.child, new.name, False)
        return end - text + 1 + self.ids.width

    cdef int64_t resolve(self, const char* raw, int64_t mode) except -2:
        """The number of what an entry names; -1 when it leads to no blob of this repository."""
        cdef int64_t number
        cdef bytes name
        if mode == COMMIT:
            return -1
        number = self.ids.of(raw)
        if number < 0:
            name = raw[:self.ids.width]
            number = self.ids.add(name)
            self.kinds.append(0)
            self.missing[name] = number
        if mode != FOLDER and self.kinds[number] == KIND_TREE:
            return -1
        return number

    def leading(self, levels):
        """Mark every tree from which folders lead to an object marked 1 with its distance plus 1.

        `levels` has a place for every numbered object. Returns whether folders are nested too deeply to follow.
        """
        cdef Py_ssize_t trees = self.numbers.count, tree, change, begin
        cdef unsigned short[::1] level = levels
        cdef int current = 1
        cdef bint more = True
        cdef Numbers counts = Numbers(NULL, 0, 0)
        cdef int64_t count, child
        for tree in range(trees):
            push(&counts, 0)
        try:
            while more and current < 400:
                more = False
                begin = 0
                for tree in range(trees):
                    count = counts.at[self.bases.at[tree]] if self.bases.at[tree] >= 0 else 0
                    for change in range(begin, self.ends.at[tree]):
                        child = self.changes[change].child
                        if child >= 0:
                            count += level[child] == current
                        else:
                            count -= level[~child] == current
                    begin = self.ends.at[tree]
                    counts.at[tree] = count
                    if count > 0 and level[self.numbers.at[tree]] == 0:
                        level[self.numbers.at[tree]] = current + 1
                        more = True
                current += 1
        finally:
            free(counts.at)
        return more

    def entries(self, levels):
        """What the trees with a level hold that has one: the index of its list for each, and the lists of (name, child)."""
        cdef Py_ssize_t trees = self.numbers.count, tree, change, begin = 0
        cdef unsigned short[::1] level = levels
        cdef int64_t base, child
        cdef bint touched
        cdef list lists = [], of_tree = [None] * trees, pairs
        cdef dict of_number = {}
        for tree in range(trees):
            base = self.bases.at[tree]
            touched = base < 0 or of_tree[base] is None
            for change in range(begin, self.ends.at[tree]):
                child = self.changes[change].child
                if level[child if child >= 0 else ~child]:
                    touched = True
                    break
            if level[self.numbers.at[tree]]:
                if not touched:
                    of_tree[tree] = of_tree[base]
                else:
                    pairs = list(lists[<Py_ssize_t>of_tree[base]]) if base >= 0 and of_tree[base] is not None else []
                    for change in range(begin, self.ends.at[tree]):
                        child = self.changes[change].child
                        if child < 0 and level[~child]:
                            pairs.remove((self.changes[change].name, ~child))
                    for change in range(begin, self.ends.at[tree]):
                        child = self.changes[change].child
                        if child >= 0 and level[child]:
                            pairs.append((self.changes[change].name, child))
                    pairs.sort()
                    of_tree[tree] = len(lists)
                    lists.append(tuple(pairs))
                of_number[self.numbers.at[tree]] = of_tree[tree]
            begin = self.ends.at[tree]
        return of_number, lists


cdef int copies(bytes raw, Numbers* runs) except -1:
    """The copied runs of a delta that was applied: where in the child, where in the base, how long."""
    cdef Delta delta
    cdef int64_t offset, size, made = 0
    cdef int byte
    open_delta(&delta, <const unsigned char*>PyBytes_AS_STRING(raw), len(raw))
    while delta.at < delta.length:
        byte = delta.data[delta.at]
        delta.at += 1
        if byte & 128:
            next_copy(&delta, byte, &offset, &size)
            push(runs, made)
            push(runs, offset)
            push(runs, size)
        else:
            size = byte
            delta.at += size
        made += size
    return 0
