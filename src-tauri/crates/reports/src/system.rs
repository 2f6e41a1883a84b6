//! The name and the version of the operating system, and nothing else about it.

use std::sync::OnceLock;

use crate::scrub::is_version;

/// A name that isn't among these was chosen by a person, and says only "linux".
#[cfg(target_os = "linux")]
const LINUX_NAMES: [&str; 26] = [
    "almalinux",
    "alpine",
    "amzn",
    "arch",
    "artix",
    "bazzite",
    "cachyos",
    "centos",
    "debian",
    "elementary",
    "endeavouros",
    "fedora",
    "gentoo",
    "kali",
    "linuxmint",
    "manjaro",
    "neon",
    "nixos",
    "opensuse-leap",
    "opensuse-tumbleweed",
    "pop",
    "rhel",
    "rocky",
    "ubuntu",
    "void",
    "zorin",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) version: Option<String>,
}

/// Looked up once: it does not change while we run.
pub(crate) fn system() -> &'static System {
    static SYSTEM: OnceLock<System> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let mut system = look();
        system.version = system.version.filter(|version| is_version(version));
        system
    })
}

#[cfg(target_os = "linux")]
fn look() -> System {
    of_os_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
}

#[cfg(target_os = "macos")]
fn look() -> System {
    const FILE: &str = "/System/Library/CoreServices/SystemVersion.plist";
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    let version = text
        .split_once("<key>ProductVersion</key>")
        .and_then(|(_, rest)| rest.split_once("<string>"))
        .and_then(|(_, rest)| rest.split_once("</string>"))
        .map(|(version, _)| version.trim().to_owned());
    System {
        name: "macos",
        version,
    }
}

#[cfg(windows)]
fn look() -> System {
    use windows_sys::Wdk::System::SystemServices::RtlGetVersion;
    use windows_sys::Win32::System::SystemInformation::OSVERSIONINFOW;
    let mut found = OSVERSIONINFOW {
        dwOSVersionInfoSize: u32::try_from(size_of::<OSVERSIONINFOW>()).unwrap_or(0),
        ..OSVERSIONINFOW::default()
    };
    #[expect(
        unsafe_code,
        reason = "the out-pointer is live for the call and its size was set"
    )]
    let status = unsafe { RtlGetVersion(&raw mut found) };
    System {
        name: "windows",
        version: (status == 0).then(|| {
            format!(
                "{}.{}.{}",
                found.dwMajorVersion, found.dwMinorVersion, found.dwBuildNumber
            )
        }),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn look() -> System {
    System {
        name: "other",
        version: None,
    }
}

#[cfg(target_os = "linux")]
fn of_os_release(text: &str) -> System {
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches(['"', '\'']))
    };
    let name = value("ID").and_then(|id| LINUX_NAMES.into_iter().find(|known| *known == id));
    System {
        name: name.unwrap_or("linux"),
        version: name.and(value("VERSION_ID")).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_known_name_is_told_with_its_version_and_another_is_not() {
        let debian = of_os_release("PRETTY_NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\n");
        assert_eq!(
            (debian.name, debian.version.as_deref()),
            ("debian", Some("12"))
        );
        let own = of_os_release("ID=annas-laptop\nVERSION_ID=anna\n");
        assert_eq!(
            (own.name, own.version),
            ("linux", None),
            "somebody's own words"
        );
    }

    #[test]
    fn the_version_is_numbers_or_nothing() {
        let system = system();
        assert!(
            system.version.as_deref().is_none_or(is_version),
            "no string of the kernel's build: {system:?}"
        );
    }
}
