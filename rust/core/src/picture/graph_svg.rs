//! Boxes and arrows as SVG, each with a tip for the pointer.

use std::fmt::Write as _;

/// A place in the picture.
pub(super) type At = (f64, f64);

/// A picture as it grows.
#[derive(Default)]
pub(super) struct Svg {
    content: String,
    width: f64,
    height: f64,
}

/// Width of a letter of the font, in parts of its height. Source: monospaced fonts have 0.6.
pub(super) const LETTER: f64 = 0.61;
/// Height of a line, in parts of that of the font. Chosen.
pub(super) const LINE: f64 = 1.15;
/// Room around the picture.
const MARGIN: f64 = 14.0;

/// Text as XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Few other control characters may stand in XML, and none is meant.
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// A box with lines of text.
pub(super) struct Card<'a> {
    pub center: At,
    pub size: At,
    pub lines: &'a [String],
    pub font: f64,
    pub fill: &'a str,
    pub stroke: &'a str,
    pub tip: &'a str,
}

/// An arrow along points.
pub(super) struct Path<'a> {
    pub points: &'a [At],
    pub width: f64,
    pub color: &'a str,
    pub is_dashed: bool,
    pub label: &'a str,
    pub tip: &'a str,
}

impl Svg {
    fn grow(&mut self, (x, y): At) {
        self.width = self.width.max(x);
        self.height = self.height.max(y);
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.content.write_fmt(text);
    }

    pub(super) fn card(&mut self, card: &Card<'_>) {
        let ((x, y), (width, height)) = (card.center, card.size);
        let (left, top) = (x - width / 2.0, y - height / 2.0);
        self.grow((x + width / 2.0, y + height / 2.0));
        self.put(format_args!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"3\" fill=\"{}\" stroke=\"{}\">\
             <title>{}</title></rect>\n",
            card.fill,
            card.stroke,
            escaped(card.tip)
        ));
        let first = y - card.lines.len() as f64 * card.font * LINE / 2.0;
        for (at, line) in card.lines.iter().enumerate() {
            let y = first + (at as f64 + 0.8) * card.font * LINE;
            // Letters let the pointer through to the box, which has the tip.
            self.put(format_args!(
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" text-anchor=\"middle\" pointer-events=\"none\">{}</text>\n",
                card.font,
                escaped(line)
            ));
        }
    }

    pub(super) fn arrow(&mut self, path: &Path<'_>) {
        let (Some(&start), Some(&end)) = (path.points.first(), path.points.last()) else {
            return;
        };
        for &point in path.points {
            self.grow(point);
        }
        let head = 5.0 + path.width;
        let before = path.points[path.points.len().saturating_sub(2)];
        // The line ends inside the head.
        let (dx, dy) = direction(control(before, end), end);
        let stop = (end.0 - dx * head * 0.8, end.1 - dy * head * 0.8);
        let mut line = format!("M{:.1} {:.1}", start.0, start.1);
        let last = path.points.len() - 1;
        for (at, pair) in path.points.windows(2).enumerate() {
            let (from, to) = (pair[0], if at + 1 == last { stop } else { pair[1] });
            let (one, other) = (control(to, from), control(from, to));
            let _ = write!(
                line,
                "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                one.0, one.1, other.0, other.1, to.0, to.1
            );
        }
        let dash = if path.is_dashed {
            " stroke-dasharray=\"4 3\""
        } else {
            ""
        };
        let (wx, wy) = (-dy * head * 0.45, dx * head * 0.45);
        let (bx, by) = (end.0 - dx * head, end.1 - dy * head);
        self.put(format_args!(
            "<g stroke=\"{color}\" fill=\"none\"><title>{tip}</title><path d=\"{line}\" stroke-width=\"{width:.1}\"{dash}/>\
             <path d=\"M{:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}Z\" fill=\"{color}\"/></g>\n",
            end.0,
            end.1,
            bx + wx,
            by + wy,
            bx - wx,
            by - wy,
            color = path.color,
            tip = escaped(path.tip),
            width = path.width,
        ));
        let half = path.points.len() / 2;
        let (from, to) = (path.points[half.saturating_sub(1)], path.points[half]);
        let (x, y) = (
            f64::midpoint(from.0, to.0) + 4.0,
            f64::midpoint(from.1, to.1) + 3.0,
        );
        self.grow((x + path.label.chars().count() as f64 * LABEL * LETTER, y));
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{LABEL}\" fill=\"#333333\" stroke=\"#ffffff\" stroke-width=\"3\" \
             paint-order=\"stroke\" pointer-events=\"none\">{}</text>\n",
            escaped(path.label)
        ));
    }

    /// The picture under a heading.
    pub(super) fn finish(self, title: &str, lines: &[String]) -> Vec<u8> {
        let head = 34.0 + 18.0 * lines.len() as f64;
        let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let heading = (title.chars().count() as f64 * 18.0).max(longest as f64 * 13.0) * LETTER;
        let (width, height) = (
            self.width.max(heading) + 2.0 * MARGIN,
            self.height + head + 2.0 * MARGIN,
        );
        let mut out = String::new();
        let _ = write!(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\">\n\
             <title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text x=\"{MARGIN}\" y=\"26\" font-size=\"18\" font-weight=\"bold\">{title}</text>\n",
            title = escaped(title),
        );
        for (at, line) in lines.iter().enumerate() {
            let y = 46.0 + 18.0 * at as f64;
            let _ = writeln!(
                out,
                "<text x=\"{MARGIN}\" y=\"{y:.0}\" font-size=\"13\" fill=\"#444444\">{}</text>",
                escaped(line)
            );
        }
        let _ = write!(
            out,
            "<g transform=\"translate({MARGIN} {:.0})\">\n{}</g>\n</svg>\n",
            head + MARGIN,
            self.content
        );
        out.into_bytes()
    }
}

/// Font size of what arrows carry. Chosen.
const LABEL: f64 = 10.0;

/// The control point of a curve from `from`, near `to`: it comes in upright.
fn control(from: At, to: At) -> At {
    (to.0, to.1 + (from.1 - to.1) * 0.4)
}

fn direction(from: At, to: At) -> At {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let len = dx.hypot(dy);
    if len > 0.0 {
        (dx / len, dy / len)
    } else {
        (0.0, 1.0)
    }
}
