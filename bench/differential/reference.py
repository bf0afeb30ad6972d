"""What a report must say of a matrix, by NumPy and SciPy in float64, from the definitions: singular values of the rows themselves, pairs of
rows where pairs are meant, integrals where the report has closed forms. Nothing of the product is used.

Reads records from standard input (two little-endian uint32, the lengths; the report with its options as JSON; an NPY file) and answers each
with one line of JSON: {"checks": [[quantity, status, relative error, ours, expected, tolerance], ...]}, where status is "agrees", "differs"
or "open" (agrees, but the stated error of the arithmetic is more than a thousandth of the value).

Tolerances. Eigenvalues from a Gram matrix are wrong by at most e = (d + n + 8) eps l_1, from a QR factorisation the singular values by
(10 sqrt d + sqrt(n / 128) + 2) eps s_1; rounding of the rows (as read, scaled, centred) moves singular values by at most 4 eps |X|_F more (Weyl).
The tolerance of a quantity is how far such errors of all eigenvalues at once can move it.
"""

import io
import json
import struct
import sys
from functools import lru_cache

import numpy as np
from scipy import integrate, optimize

EPS = 2.0**-52
# 99 % quantile of the Tracy-Widom law of order 1 (Bejan 2005, table 1), to its last digit.
TRACY_WIDOM_99 = 2.0234
SCALES = [0.1, 1.0, 10.0, 100.0]
LOGARITHMS_AND_COUNTS = {"codingLogDet", "effectiveDimension", "isoScore", "logDetGram", "logScale", "meanCosine", "shape", "uniformity"}


def rows_of(npy):
    x = np.load(io.BytesIO(npy))
    if x.dtype.kind == "V":
        x = (np.ascontiguousarray(x).view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.ascontiguousarray(x.astype(np.float64))


def phi(p):
    """-p log p."""
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0)


def moved(f, x, dx):
    """How far a sum of f over x can move when each x moves by dx, for f monotone beside its ends."""
    with np.errstate(over="ignore", invalid="ignore"):
        up = np.abs(f(x + dx) - f(x))
        down = np.abs(f(np.maximum(x - dx, 0)) - f(x))
    return float(np.sum(np.maximum(up, down)))


@lru_cache(maxsize=None)
def marchenko_pastur_median(gamma):
    """Of the non-zero eigenvalues, by integrating the density."""
    low, high = (1 - np.sqrt(gamma)) ** 2, (1 + np.sqrt(gamma)) ** 2

    def density(theta):
        # x = low + (high - low) sin^2 theta takes the roots at both ends away.
        s, c = np.sin(theta), np.cos(theta)
        x = low + (high - low) * s * s
        return ((high - low) * s * c) ** 2 / (np.pi * gamma * x) if x > 0 else 0.0

    mass = integrate.quad(density, 0, np.pi / 2, epsabs=1e-13, epsrel=1e-12, limit=200)[0]
    share = lambda theta: integrate.quad(density, 0, theta, epsabs=1e-13, epsrel=1e-12, limit=200)[0] / mass - 0.5
    theta = optimize.brentq(share, 0, np.pi / 2, xtol=1e-14)
    return low + (high - low) * np.sin(theta) ** 2


def median_of(x):
    return float(np.median(x))


def unbiased_squares(k):
    """(tr Sigma)^2 and tr(Sigma^2), each as the mean of its kernel over all ordered choices of different rows; k the Gram matrix of centred rows."""
    n = len(k)
    squares = np.diag(k)
    distances = squares[:, None] + squares[None, :] - 2 * k
    np.fill_diagonal(distances, 0)
    choices = n * (n - 1) * (n - 2) * (n - 3)

    def disjoint(a):
        # sum of a_ij a_kl over different i, j, k, l; a symmetric with zero diagonal.
        return a.sum() ** 2 - 4 * np.sum(a.sum(0) ** 2) + 2 * np.sum(a * a)

    off = k - np.diag(squares)
    pairs = np.sum(off * off) / (n * (n - 1))
    paths = (np.sum(off.sum(0) ** 2) - np.sum(off * off)) / (n * (n - 1) * (n - 2))
    return disjoint(distances / 2) / choices, pairs - 2 * paths + disjoint(off) / choices


class Checks:
    def __init__(self):
        self.list = []

    def number(self, name, ours, expected, tolerance):
        tolerance = tolerance + 64 * EPS * abs(expected)
        ours = float(ours) if isinstance(ours, str) else ours
        error = abs(ours - expected) if ours is not None and np.isfinite(ours) else np.inf
        relative = error / abs(expected) if expected != 0 else (0.0 if error == 0 else error)
        status = "differs" if not error <= tolerance else "open" if tolerance > 1e-3 * abs(expected) and expected != 0 else "agrees"
        self.list.append([name, status, float(min(relative, 1e300)), None if ours is None else str(ours) if not np.isfinite(ours) else ours, float(expected), float(tolerance)])

    def true(self, name, holds, ours=None, expected=None):
        self.list.append([name, "agrees" if holds else "differs", 0.0 if holds else 1.0, ours, expected, 0.0])

    def bounded(self, name, ours, expected, tolerance):
        """A quantity that must be there, as a number that claims to be exact, or, where it is not, within the bounds that it states."""
        if ours is None or ours["value"] is None:
            self.true(name, False, None if ours is None else ours["reason"], float(expected))
            return
        self.number(name, ours["value"], expected, tolerance)
        self.within(name, ours, expected, 64 * EPS * abs(expected))
        if ours["exact"]:
            # What is called exact may not be made of rounding, however much of it the tolerance allows.
            allowed = 1e-3 * (max(1, abs(expected)) if name in LOGARITHMS_AND_COUNTS else abs(expected))
            self.true(f"{name}: called exact", abs(float(ours["value"]) - expected) <= allowed, ours["value"], float(expected))

    def within(self, name, ours, expected, tolerance):
        for bound in ours["bounds"]:
            lower, upper = (float(bound[side]) if bound[side] is not None else None for side in ("lower", "upper"))
            holds = (lower is None or lower <= expected + tolerance) and (upper is None or expected <= upper + tolerance)
            self.true(f"{name}: bound", holds, [lower, upper], float(expected))

    def absent(self, name, ours, because):
        self.true(f"{name}: absent", ours is not None and ours["value"] is None and bool(ours["reason"]), ours and ours["value"], because)


def check(report, npy):
    checks = Checks()
    x = rows_of(npy)
    options = report["options"]
    normalize, ridge = options["normalize"], options["ridge"]
    finite = np.isfinite(x).all(axis=1)
    zero = finite & (x == 0).all(axis=1)
    integrity = report["integrity"]
    checks.true("NaN", integrity["nan"] == int(np.isnan(x).sum()), integrity["nan"], int(np.isnan(x).sum()))
    checks.true("infinities", integrity["inf"] == int(np.isinf(x).sum()), integrity["inf"], int(np.isinf(x).sum()))
    checks.true("zero rows", integrity["zeroRows"] == int(zero.sum()), integrity["zeroRows"], int(zero.sum()))
    used = x[finite & ~zero] if normalize else x[finite]
    n, d = used.shape
    if not (used != 0).any():
        checks.true("nothing to measure", report["spectrum"] is None and report["sigma"] is None)
        return checks.list
    distinct = len({row.tobytes() for row in used})
    checks.true("duplicate rows", integrity["duplicateRows"] == n - distinct, integrity["duplicateRows"], n - distinct)
    constant = int((used == used[0]).all(axis=0).sum()) if n > 1 else 0
    checks.true("constant columns", integrity["constantColumns"] == constant, integrity["constantColumns"], constant)

    largest = np.abs(used).max(axis=1)
    directed = largest > 0
    unit = used[directed] / largest[directed][:, None]
    unit = unit / np.linalg.norm(unit, axis=1)[:, None]
    rows = unit if normalize else used
    wide = rows.astype(np.longdouble)
    centred_rows = (wide - wide.mean(axis=0)).astype(np.float64)
    k = min(n, d)
    s = np.linalg.svd(rows, compute_uv=False)
    sc = np.linalg.svd(centred_rows, compute_uv=False)
    l, c = s**2 / n, sc**2 / n
    total, variance = float(np.sum(l)), float(np.sum(c))

    spectrum, q, sigma = report["spectrum"], report["quantities"], report["sigma"]
    qr = spectrum["method"] == "qr"
    floor = spectrum["noiseFloor"]
    rounding = 4 * EPS * np.sqrt(total)

    def errors(values):
        roots = np.sqrt(values)
        own = rounding
        if qr:
            own = own + (10 * np.sqrt(d) + np.sqrt(n / 128) + 2) * EPS * np.sqrt(l[0])
        gram = 0 if qr else (d + n + 8) * EPS * values[0]
        return gram + 2 * roots * own + own**2

    e, ec = errors(l), errors(c)
    E, EC = float(np.sum(e)), float(np.sum(ec))

    for name, ours, expected, error in (("eigenvalues of C", spectrum["eigenvalues"], l, e), ("eigenvalues of S", spectrum["centred"], c, ec)):
        ours = np.array(ours, dtype=float)
        if ours.shape != expected.shape:
            checks.true(name, False, len(ours), len(expected))
            continue
        miss = np.abs(ours - expected)
        holds = bool(np.all(miss <= error) and np.all(np.diff(ours) <= 0) and np.all(ours >= 0))
        at = int(np.argmax(miss / np.maximum(error, 1e-300)))
        checks.list.append([name, "agrees" if holds else "differs", float(miss.max() / expected[0]) if expected[0] > error[0] else 0.0, float(ours[at]), float(expected[at]), float(error[at])])
    expected_floor = ((10 * np.sqrt(d) + np.sqrt(n / 128)) * EPS) ** 2 * l[0] if qr else d * EPS * l[0]
    checks.number("noise floor", floor, expected_floor, 1e-9 * expected_floor)

    centred_floor = floor if qr else d * EPS * c[0]
    # Whether there is variance at all is only known beyond what rounding of the rows leaves of it.
    threshold = 16 * EPS**2 * total
    varies = n > 1 and variance - EC > threshold and c[0] - ec[0] > centred_floor
    still = n < 2 or variance < threshold / 16

    def entropy_rank(values, error):
        t, et = np.sum(values), np.sum(error)
        p, dp = values / t, error / t + values * et / t**2
        value = np.exp(np.sum(phi(p)))
        return value, value * np.expm1(min(700.0, moved(phi, p, dp)))

    def on_variance(name, of):
        if still:
            checks.absent(name, q[name], "no variance")
        elif varies:
            checks.bounded(name, q[name], *of())

    participation = variance**2 / max(float(np.sum(c**2)), 1e-300)
    participation_error = participation * (2 * EC / max(variance, 1e-300) + float(np.sum(2 * c * ec + ec**2)) / max(float(np.sum(c**2)), 1e-300))
    on_variance("effectiveRank", lambda: entropy_rank(c, ec))
    on_variance("participationRatioPlain", lambda: (participation, participation_error))
    on_variance("logScale", lambda: (np.log(variance), -np.log(max(1e-300, 1 - EC / variance))))
    if d > 1:
        on_variance("isoScore", lambda: ((participation - 1) / (d - 1), participation_error / (d - 1)))
    else:
        checks.absent("isoScore", q["isoScore"], "one column")

    def sphericity():
        delta = 1e-6 * variance / d
        full = np.concatenate([c, np.zeros(d - k)])
        value = np.sum(np.log(full / (variance / d) + 1e-6)) - d * np.log1p(1e-6)
        return value, moved(lambda y: np.log(y + delta), c, ec) + 2 * d * EC / variance + 16 * EPS * d * abs(np.log(variance / d))

    on_variance("shape", sphericity)

    weights = "mpSoftRank" in q
    if weights:
        on_variance("participationRatio", lambda: (participation, participation_error))
    elif varies and n >= 4:
        gram = centred_rows @ centred_rows.T
        of_trace, of_matrix = unbiased_squares(gram)
        fourth = float(np.sum(np.diag(gram) ** 2)) / (n - 1)
        relative = (d + n + 8) * EPS + 4 * rounding / np.sqrt(variance)
        error = 8 * relative * (variance**2 + fourth) * (n / (n - 3)) ** 4
        if of_trace > error and of_matrix > error:
            value = of_trace / of_matrix
            if error < 0.5 * min(of_trace, of_matrix):
                checks.bounded("participationRatio", {**q["participationRatio"], "exact": False}, value, 4 * value * (error / of_trace + error / of_matrix))
        elif of_trace < -error or of_matrix < -error:
            checks.absent("participationRatio", q["participationRatio"], "an estimate is not positive")
    elif still or (varies and n < 4):
        checks.absent("participationRatio", q["participationRatio"], "too few rows")

    checks.bounded("vendiScore", q["vendiScore"], *entropy_rank(l, e))

    def rank_me():
        roots = np.sqrt(l)
        error = np.where(l > floor + e, e / roots.clip(1e-300), np.sqrt(np.maximum(l, floor) + e))
        t, et = np.sum(roots), np.sum(error)
        p, dp = roots / t + 1e-7, error / t + roots * et / t**2
        value = np.exp(np.sum(phi(p)))
        return value, value * np.expm1(min(700.0, moved(phi, p, dp)))

    checks.bounded("rankMe", {**q["rankMe"], "exact": False}, *rank_me())
    checks.bounded("stableRank", q["stableRank"], total / l[0], total / l[0] * (E / total + e[0] / l[0]))
    checks.bounded("lambdaMax", q["lambdaMax"], l[0], e[0])
    checks.bounded("trace", q["trace"], total, E)
    rank = q["numericalRank"]["value"]
    least, most = int(np.sum(l - e > floor)), int(np.sum(l + e > floor))
    checks.true("numericalRank", least <= rank <= most, rank, [least, most])

    smallest = l[-1]
    if n < d:
        checks.number("lambdaMin", q["lambdaMin"]["value"], 0.0, 0.0)
        checks.absent("conditionNumber", q["conditionNumber"], "fewer rows than columns")
    elif smallest - e[-1] > floor:
        checks.bounded("lambdaMin", {**q["lambdaMin"], "exact": False}, smallest, e[-1])
        condition = l[0] / smallest
        checks.bounded("conditionNumber", {**q["conditionNumber"], "exact": False}, condition, condition * (e[0] / l[0] + e[-1] / (smallest - e[-1])))
    elif smallest + e[-1] < floor:
        checks.absent("lambdaMin", q["lambdaMin"], "below the noise floor")
        checks.within("lambdaMin", q["lambdaMin"], smallest, 4 * EPS * np.sqrt(smallest * l[0]))
        checks.absent("conditionNumber", q["conditionNumber"], "below the noise floor")

    for at, ours in zip(SCALES, q["codingLogDet"]):
        alpha = at * d
        f = lambda y: np.log1p(alpha * y)
        checks.bounded("codingLogDet", ours, float(np.sum(f(l))), moved(f, l, e))
    for at, ours in zip(SCALES, q["effectiveDimension"]):
        alpha = at * d
        f = lambda y: alpha * y / (1 + alpha * y)
        checks.bounded("effectiveDimension", ours, float(np.sum(f(l))), moved(f, l, e))
    f = lambda y: np.log(n * y + ridge)
    log_det, log_det_error = float(np.sum(f(l))) + (d - k) * np.log(ridge), moved(f, l, e)
    scale_of_sum = float(np.sum(np.abs(f(l)))) + (d - k) * abs(np.log(ridge))
    checks.bounded("logDetGram", q["logDetGram"], log_det, log_det_error + 64 * EPS * scale_of_sum)
    checks.number("SIGMA-UB S", sigma["S"], log_det, log_det_error + 64 * EPS * scale_of_sum)
    checks.number("SIGMA-UB U_cov", sigma["U_cov"], log_det - d * np.log(n), log_det_error + 64 * EPS * (scale_of_sum + d * np.log(n)))
    rho = 1.0 if normalize else float(np.max(np.sum(used**2, axis=1)))
    checks.number("SIGMA-UB rho", sigma["rho"], rho, d * EPS * rho)
    checks.true("SIGMA-UB sizes", (sigma["n_A"], sigma["n_k"], sigma["m"], sigma["beta"], sigma["G_KF"]) == (n, n, d, 0, None))

    m = int(directed.sum())
    if m > 1:
        cosines = unit @ unit.T
        mean = (cosines.sum() - np.trace(cosines)) / (m * (m - 1))
        checks.bounded("meanCosine", q["meanCosine"], float(mean), 4 * (n + d + 8) * EPS)
    else:
        checks.absent("meanCosine", q["meanCosine"], "no pairs")
    checks.bounded("distinctRowRatio", q["distinctRowRatio"], distinct / n, 0)
    if normalize and n >= 3:
        squares = np.maximum(0, 2 - 2 * cosines)
        potential = np.exp(-2 * squares)
        np.fill_diagonal(potential, 0)
        checks.bounded("uniformity", q["uniformity"], float(np.log(potential.sum() / (n * (n - 1)))), 16 * (n + d + 8) * EPS)
    else:
        checks.absent("uniformity", q["uniformity"], "rows of any length, or too few")

    alpha_req(checks, q["alphaReq"], c, ec, centred_floor)
    middle = k // 2
    if k >= 2 and l[middle] - e[middle] > floor:
        edge = median_of(l) / marchenko_pastur_median(d / n if d <= n else n / d) / (1 if d <= n else d / n) * (1 + np.sqrt(d / n)) ** 2
        error = edge * (e[middle] / l[middle] + 1e-9)
        checks.number("marchenkoPasturEdge", spectrum["marchenkoPasturEdge"], edge, error)
        if weights:
            checks.bounded("mpSoftRank", q["mpSoftRank"], min(1.0, edge / l[0]), error / l[0] + edge / l[0] ** 2 * e[0])
            fewest, highest = (spikes(l, n, d, edge * (1 + side * 1e-6), TRACY_WIDOM_99 + side * 1e-3) for side in (1, -1))
            found = q["spikes"]["value"]
            checks.true("spikes", fewest <= found <= highest, found, [fewest, highest])
    elif k < 2 or l[middle] + e[middle] < floor:
        checks.true("marchenkoPasturEdge: absent", spectrum["marchenkoPasturEdge"] is None, spectrum["marchenkoPasturEdge"])
    if weights:
        power_law(checks, q, l, e, least, most, n)
    return checks.list


def check_sample(report, npy):
    """Bounds that a report of some rows calls certain, beside the truth of all."""
    checks = Checks()
    x = rows_of(npy)
    # They take the unseen rows to be usable.
    if not np.isfinite(x).all() or (x == 0).all(axis=1).any() or report["spectrum"] is None:
        return checks.list
    n, d = x.shape
    ridge = report["options"]["ridge"]
    if report["options"]["normalize"]:
        x = x / np.abs(x).max(axis=1)[:, None]
        x = x / np.linalg.norm(x, axis=1)[:, None]
    l = np.linalg.svd(x, compute_uv=False) ** 2 / n
    e = (d + n + 8) * EPS * l[0] + 8 * EPS * np.sqrt(l * np.sum(l))
    full = np.concatenate([l, np.zeros(d - len(l))])
    q = report["quantities"]

    def certain(name, ours, expected, tolerance):
        bounds = [bound for bound in ours["bounds"] if bound["kind"] == "deterministic"]
        checks.within(f"sample, {name}", {"bounds": bounds}, float(expected), tolerance + 1e-9 * abs(expected))

    total = float(np.sum(l))
    certain("vendiScore", q["vendiScore"], np.exp(np.sum(phi(l / total))), 1e-9)
    certain("stableRank", q["stableRank"], total / l[0], 0)
    certain("lambdaMax", q["lambdaMax"], l[0], e[0])
    certain("lambdaMin", q["lambdaMin"], full[-1], e[-1])
    if full[-1] > e[-1]:
        certain("conditionNumber", q["conditionNumber"], l[0] / full[-1], l[0] / full[-1] * e[-1] / (full[-1] - e[-1]))
    for at, f_alpha, dimension in zip(SCALES, q["codingLogDet"], q["effectiveDimension"]):
        alpha = at * d
        for name, ours, f in (("codingLogDet", f_alpha, lambda y: np.log1p(alpha * y)), ("effectiveDimension", dimension, lambda y: alpha * y / (1 + alpha * y))):
            certain(name, ours, np.sum(f(l)), moved(f, l, e))
    f = lambda y: np.log(n * y + ridge)
    certain("logDetGram", q["logDetGram"], np.sum(f(full)), moved(f, l, e))
    return checks.list


def alpha_req(checks, ours, c, ec, floor):
    least, most = min(50, int(np.sum(c - ec > floor))), min(50, int(np.sum(c + ec > floor)))
    if most < 14:
        checks.absent("alphaReq", ours, "too few resolved eigenvalues")
        return
    if ours["value"] is None:
        checks.true("alphaReq", least < 14, ours["reason"], least)
        return
    candidates = []
    for last in range(max(14, least), most + 1):
        ranks = np.log(np.arange(5, last + 1))
        logs = np.log(c[4:last])
        slope = -np.polyfit(ranks, logs, 1)[0]
        influence = np.abs(ranks - ranks.mean()) / np.sum((ranks - ranks.mean()) ** 2)
        relative = np.minimum(ec[4:last] / c[4:last], 0.999)
        candidates.append((abs(slope - ours["value"]), slope, float(np.sum(influence * -np.log1p(-relative)))))
    _, slope, error = min(candidates)
    checks.number("alphaReq", ours["value"], slope, error + 1e-12 * max(1, abs(slope)))


def spikes(l, n, d, edge, quantile):
    """From the sentence of the definition: above the edge, and above what the largest of noise alone reaches in 99 of 100 draws."""
    for count in range(int(np.sum(l > edge)), 0, -1):
        rows, columns = n - count + 1, d - count + 1
        noise = n * np.sum(l[count - 1 :]) / (rows * columns)
        a, b = np.sqrt(max(rows, columns) - 1), np.sqrt(min(rows, columns))
        limit = noise / n * ((a + b) ** 2 + quantile * (a + b) * np.cbrt(1 / a + 1 / b))
        if l[count - 1] > limit:
            return count
    return 0


def power_law(checks, q, l, e, least, most, n):
    resolved = int(q["numericalRank"]["value"])
    fit, hat = q["powerLawAlpha"], q["alphaHat"]
    if resolved < 50:
        checks.absent("powerLawAlpha", fit, "fewer than 50 eigenvalues")
        checks.absent("alphaHat", hat, "fewer than 50 eigenvalues")
        return
    tail = l[:resolved]
    relative = np.minimum(e[:resolved] / np.maximum(tail, 1e-300), 0.9)
    logs, uncertain = np.log(np.maximum(tail, 1e-300)), -np.log1p(-relative)
    candidates = []
    for count in range(2, resolved + 1):
        excess = logs[:count] - logs[count - 1]
        spread = excess.sum()
        error = uncertain[:count].sum() + count * uncertain[count - 1]
        if not spread > error:
            continue
        alpha = 1 + count / spread
        alpha_error = (alpha - 1) * error / (spread - error)
        cdf = 1 - np.exp(-(alpha - 1) * excess)
        distance = np.max(np.abs(cdf - np.arange(count - 1, -1, -1) / count))
        moves = alpha_error / (alpha - 1) + 2 * (alpha - 1) * (uncertain[:count].max())
        candidates.append((distance, alpha, alpha_error, moves))
    if not candidates:
        return
    best = min(candidates, key=lambda found: found[0] + found[3])
    if fit["value"] is None:
        checks.true("powerLawAlpha", False, fit["reason"], float(best[1]))
        return
    possible = [found for found in candidates if found[0] - found[3] <= best[0] + best[3] + 1e-12]
    _, alpha, error, _ = min(possible, key=lambda found: abs(found[1] - fit["value"]))
    checks.number("powerLawAlpha", fit["value"], alpha, error + 1e-12 * alpha)
    scale = np.log10(n * l[0])
    checks.number("alphaHat", hat["value"], alpha * scale, (error + 1e-12 * alpha) * abs(scale) + alpha * e[0] / l[0])


def main():
    stream = sys.stdin.buffer
    while True:
        head = stream.read(8)
        if len(head) < 8:
            return
        sizes = struct.unpack("<II", head)
        report, npy = (stream.read(size) for size in sizes)
        with np.errstate(all="ignore"):
            try:
                report = json.loads(report, parse_int=float)
                answer = {"checks": (check if report["sample"]["complete"] else check_sample)(report, npy)}
            except Exception as error:
                answer = {"failure": f"{type(error).__name__}: {error} (line {error.__traceback__.tb_next and error.__traceback__.tb_next.tb_lineno})"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
