cimport cython

@cython.locals(number="Py_ssize_t", count="Py_ssize_t", named="Py_ssize_t", at="long long", end="long long",
               byte="long long", kind="int", shift="int", size="long long", base="long long", back="long long",
               wanted="long long", low="Py_ssize_t", high="Py_ssize_t", middle="Py_ssize_t")
cpdef Py_ssize_t read_headers(const unsigned char[::1] pack, long long[::1] offsets, unsigned char[::1] kinds,
                              long long[::1] sizes, long long[::1] starts, long long[::1] bases) except -1

@cython.locals(number="Py_ssize_t", base="long long")
cpdef link(long long[::1] bases, long long[::1] first, long long[::1] following)

@cython.locals(data="const unsigned char*", length="Py_ssize_t", limit="Py_ssize_t", at="Py_ssize_t", which="int",
               byte="long long", shift="int", offset="long long", size="long long", made="long long", part="long long", result="long long",
               expected="long long", opened="long long", pieces=list, touched=list)
cpdef tuple apply_delta(bytes base, bytes delta, long long largest)

@cython.locals(number="Py_ssize_t", length="Py_ssize_t", low="long long", high="long long", start="long long",
               stop="long long", pieces=list)
cpdef bytes windows(bytes child, list touched, long long margin)

@cython.locals(number="Py_ssize_t", base="long long")
cpdef families(long long[::1] bases, unsigned char[::1] kinds, long long[::1] roots)

@cython.locals(data="const unsigned char*", length="Py_ssize_t", at="Py_ssize_t", place="Py_ssize_t", name="Py_ssize_t",
               mode="long long", raw=bytes, found=list)
cpdef tuple tree_entries(bytes content, Py_ssize_t width, dict wanted)
