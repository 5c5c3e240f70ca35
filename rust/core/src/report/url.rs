//! Whether a text is an absolute URL, as `url.Parse` of Go sees it.

/// The scheme of `text` and what is behind it.
fn scheme(text: &[u8]) -> Option<(&[u8], &[u8])> {
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at > 0 => return Some((&text[..at], &text[at + 1..])),
            _ => return None,
        }
    }
    None
}

/// Whether every `%` begins an escape of two hexadecimal digits.
fn escapes_are_whole(text: &[u8]) -> bool {
    let is_hex = |at: usize| text.get(at).is_some_and(u8::is_ascii_hexdigit);
    text.iter()
        .enumerate()
        .all(|(at, &byte)| byte != b'%' || is_hex(at + 1) && is_hex(at + 2))
}

fn is_port(text: &[u8]) -> bool {
    text.is_empty() || text[0] == b':' && text[1..].iter().all(u8::is_ascii_digit)
}

/// Whether `text` can stand between `//` and the path: user, host and port.
fn is_authority(text: &[u8]) -> bool {
    let at = text.iter().rposition(|&byte| byte == b'@');
    let (user, host) = at.map_or((&b""[..], text), |at| (&text[..at], &text[at + 1..]));
    let user_is_plain = user
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte));
    if !user_is_plain || !escapes_are_whole(user) {
        return false;
    }
    if host.first() == Some(&b'[') {
        let Some(end) = host.iter().rposition(|&byte| byte == b']') else {
            return false;
        };
        return is_port(&host[end + 1..]) && is_host(&host[..=end]);
    }
    match host.iter().rposition(|&byte| byte == b':') {
        Some(colon) => is_port(&host[colon..]) && is_host(host),
        None => is_host(host),
    }
}

/// Only what is not ASCII may be escaped in a host (and a zone of an address, behind `%25`).
fn is_host(text: &[u8]) -> bool {
    let plain = |byte: &u8| {
        !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(byte)
    };
    let escapes = text.iter().enumerate().filter(|&(_, &byte)| byte == b'%');
    escapes_are_whole(text)
        && text.iter().all(plain)
        && escapes
            .into_iter()
            .all(|(at, _)| &text[at + 1..at + 3] == b"25" || text[at + 1] >= b'8')
}

/// Whether `text` parses as a URL that has a scheme.
pub(super) fn is_absolute(text: &[u8]) -> bool {
    if text.iter().any(u8::is_ascii_control) {
        return false;
    }
    let fragment_at = text.iter().position(|&byte| byte == b'#');
    let (text, fragment) = fragment_at.map_or((text, &b""[..]), |at| (&text[..at], &text[at + 1..]));
    let Some((_, rest)) = scheme(text) else {
        return false;
    };
    let rest = rest.split(|&byte| byte == b'?').next().unwrap_or_default();
    if !escapes_are_whole(fragment) {
        return false;
    }
    // What does not go on with a slash is opaque and not looked into.
    if rest.first() != Some(&b'/') {
        return true;
    }
    let path = match rest.strip_prefix(b"//") {
        Some(behind) => {
            let end = behind
                .iter()
                .position(|&byte| byte == b'/')
                .unwrap_or(behind.len());
            if !is_authority(&behind[..end]) {
                return false;
            }
            &behind[end..]
        }
        None => rest,
    };
    escapes_are_whole(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_urls_have_a_scheme_and_parse() {
        for text in [
            "http://host:6060/debug/pprof/heap?seconds=5",
            "file:///bin/a",
            "C:\\Program",
            "jar:x",
            "a+b.c-1:",
            "http://[::1]:80/x",
            "http://u:p@h/%41",
            "http://h?x=%zz",
        ] {
            assert!(is_absolute(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "/usr/bin/x",
            "[vdso]",
            "anon_inode:[perf_event]",
            "1a:b",
            ":x",
            "System.Private.CoreLib.dll",
            "http://host:port/",
            "http://a b/",
            "http://h/%zz",
            "http://h/\x01",
            "http://[::1/",
            "http://%41/",
            "http://h/#%g",
        ] {
            assert!(!is_absolute(text.as_bytes()), "{text}");
        }
    }
}
