//! Made-up texts of the kind that must never leave a computer.

const NAMES: [&str; 20] = [
    "Annelie Grünwald",
    "José Ignacio Peña",
    "Siobhán O'Dwyer",
    "Zażółć Kowalska",
    "Владимир Оболенский",
    "Наталія Шевчук",
    "Ελένη Παπαδοπούλου",
    "מרים כהן־לוי",
    "فاطمة الزهراء",
    "محمدرضا شجریان",
    "अनन्या चतुर्वेदी",
    "தமிழ்ச்செல்வன்",
    "สมหญิง ใจดีมาก",
    "田中美咲子",
    "김서연지민",
    "欧阳静怡",
    "Nguyễn Thị Ánh Tuyết",
    "თამარ ბერიძეშვილი",
    "Հայկ Պետրոսյան",
    "ጸሐይ ገብረማርያም",
];

const MEMORIES: [&str; 20] = [
    "the scan showed a shadow on the left lung",
    "we never told the children about Lisbon",
    "my passphrase is the street with the blue door",
    "owes me four thousand since the wedding",
    "Der Befund kommt am Donnerstag zurück",
    "je ne veux plus jamais le revoir",
    "mi hermana no sabe nada del préstamo",
    "я так и не отправил то письмо",
    "της είπα ότι φεύγω τον Μάρτιο",
    "הרופא אמר שזה לא דחוף",
    "لم أخبر أحدا بما حدث تلك الليلة",
    "माँ को कुछ मत बताना",
    "ฉันลาออกจากงานแล้วเมื่อวาน",
    "来月の手術が怖い",
    "그날 밤 일은 비밀이야",
    "我把钥匙埋在柿子树下",
    "bí mật này chỉ mình tôi biết",
    "nikomu nie mów o testamencie",
    "sa mga anak ko lamang iniwan",
    "👩‍⚕️ said to stop the 🍷 at once",
];

/// Two hundred: names, addresses, paths, keys and what people write down, in many scripts.
#[must_use]
pub fn private_texts() -> Vec<String> {
    let mut texts = Vec::new();
    for (number, name) in NAMES.iter().enumerate() {
        texts.push((*name).to_owned());
        texts.push(format!("{}@post-{number}.example", name.replace(' ', ".")));
        texts.push(format!("person{number}.smith+letters@mail{number}.example"));
        texts.push(format!("/home/person{number}/Letters/{name}.md"));
        texts.push(format!("C:\\Users\\person{number}\\Documents\\{name}.html"));
        texts.push(format!(
            "sk-proj-{:032x}",
            0x9e37_79b9_7f4a_7c15_u128 * (number as u128 + 3)
        ));
        texts.push(format!(
            "ghp_{:030X}",
            0xdead_beef_cafe_f00d_u128 * (number as u128 + 7)
        ));
        texts.push(format!(
            "+49 170 55{number:02}{:04}",
            7919 * (number + 1) % 10_000
        ));
        texts.push(format!(
            "https://example{number}.example/inbox?token=t{:016x}",
            0x5851_f42d_4c95_7f2d_u64.wrapping_mul(number as u64 + 1)
        ));
    }
    texts.extend(MEMORIES.iter().map(|text| (*text).to_owned()));
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_two_hundred_and_each_is_its_own() {
        let texts = private_texts();
        let own: std::collections::BTreeSet<&String> = texts.iter().collect();
        assert_eq!((texts.len(), own.len()), (200, 200));
    }
}
