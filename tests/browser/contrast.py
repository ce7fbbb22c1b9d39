"""A script that lists the texts of a page whose contrast is too low (WCAG 2.2, 1.4.3)."""

CONTRAST = """(element) => {
    const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parse = (colour) => {
        paint.clearRect(0, 0, 1, 1);
        paint.fillStyle = colour;
        paint.fillRect(0, 0, 1, 1);
        return paint.getImageData(0, 0, 1, 1).data;
    };
    const light = ([r, g, b]) => {
        const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const below = (at) => {
        for (; at; at = at.parentElement) {
            const found = parse(getComputedStyle(at).backgroundColor);
            if (found[3] === 255) return found;
        }
        return [255, 255, 255];
    };
    const over = ([r, g, b, a], under) => [r, g, b].map((v, at) => (v * a + under[at] * (255 - a)) / 255);
    const bad = [];
    for (const at of element.querySelectorAll("*")) {
        if (!at.childNodes.length || ![...at.childNodes].some((one) => one.nodeType === 3 && one.data.trim())) continue;
        if (at.disabled || !at.offsetParent) continue;
        const under = below(at), a = light(over(parse(getComputedStyle(at).color), under)), b = light(under);
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) bad.push(`${at.textContent.slice(0, 30)}: ${ratio.toFixed(1)}`);
    }
    return bad;
}"""
