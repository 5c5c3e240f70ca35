//! Colours of a picture: red for what is spent, green for what is saved, grey for little.

/// Saturation and value of a light and of a dark colour.
const BACKGROUND: (f64, f64) = (0.1, 0.93);
const FOREGROUND: (f64, f64) = (1.0, 0.7);

/// Exponent that moves scores away from 0, where colours are hard to tell apart.
const SHIFTED: f64 = 0.3;

/// Scores nearer to 0 than this fade to grey.
const FADING: f64 = 0.2;

/// The colour of a score between -1 (green) and 1 (red), as `#rrggbb`.
pub(crate) fn dot_color(score: f64, is_background: bool) -> String {
    let (mut saturation, value) = if is_background { BACKGROUND } else { FOREGROUND };
    // No number stays no number here, as in Go; `f64::clamp` does that too.
    let mut score = score.clamp(-1.0, 1.0);
    if score.abs() < FADING {
        saturation *= score.abs() / FADING;
    }
    if score > 0.0 {
        score = shifted(score);
    } else if score < 0.0 {
        score = -shifted(-score);
    }
    let (red, green) = if score < 0.0 {
        (value * (1.0 + saturation * score), value)
    } else {
        (value, value * (1.0 - saturation * score))
    };
    let blue = value * (1.0 - saturation);
    let byte = |part: f64| (part * 255.0) as u8;
    format!("#{:02x}{:02x}{:02x}", byte(red), byte(green), byte(blue))
}

/// `score` to the power [`SHIFTED`], by the steps in which Go takes a fractional power.
fn shifted(score: f64) -> f64 {
    (SHIFTED * score.ln()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_from_green_over_grey_to_red() {
        for (score, foreground, background) in [
            (1.0, "#b20000", "#edd5d5"),
            (-1.0, "#00b200", "#d5edd5"),
            (0.0, "#b2b2b2", "#ededed"),
            (0.5, "#b22100", "#edd9d5"),
            (-0.5, "#21b200", "#d9edd5"),
            (0.01, "#b2b0a9", "#edeceb"),
            (7.0, "#b20000", "#edd5d5"),
            (f64::NAN, "#b20000", "#ed00d5"),
        ] {
            assert_eq!(dot_color(score, false), foreground, "{score}");
            assert_eq!(dot_color(score, true), background, "{score}");
        }
    }
}
