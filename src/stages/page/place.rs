//! Points on the Earth, in degrees (WGS 84): how far apart they are, and in which direction.

use super::text::number;
use super::words::COMPASS;

/// Mean radius of the Earth in kilometres.
const EARTH: f64 = 6371.0088;

/// Whether latitude and longitude are of the Earth.
pub(super) fn is_on_earth((lat, lon): (f64, f64)) -> bool {
    lat.abs() <= 90.0 && lon.abs() <= 180.0
}

/// Kilometres on a sphere, and the direction from the first to the second.
pub(super) fn distance(from: (f64, f64), to: (f64, f64)) -> (f64, &'static str) {
    let [la, lo, lb, lp] = [from.0, from.1, to.0, to.1].map(f64::to_radians);
    let h = ((lb - la) / 2.0).sin().powi(2) + la.cos() * lb.cos() * ((lp - lo) / 2.0).sin().powi(2);
    let way = ((lp - lo).sin() * lb.cos()).atan2(la.cos() * lb.sin() - la.sin() * lb.cos() * (lp - lo).cos());
    let eighth = (way.to_degrees() / 45.0).round().rem_euclid(8.0) as usize;
    (EARTH * 2.0 * h.clamp(0.0, 1.0).sqrt().asin(), COMPASS[eighth % COMPASS.len()])
}

/// `270 m`, `24.8 km`, `1,204 km`
pub(super) fn kilometres(km: f64) -> String {
    match km {
        _ if km < 1.0 => format!("{:.0} m", km * 1000.0),
        _ if km < 100.0 => format!("{km:.1} km"),
        _ => format!("{} km", number(km.round() as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_a_sphere() {
        let (km, way) = distance((35.0, 36.0), (36.0, 36.0));
        assert_eq!((kilometres(km).as_str(), way), ("111 km", "north"));
        assert_eq!(distance((35.0, 36.0), (35.0, 35.0)).1, "west");
        assert_eq!(distance((35.0, 36.0), (34.0, 35.0)).1, "southwest");
        assert_eq!([kilometres(0.27), kilometres(24.83), kilometres(1204.4)], ["270 m", "24.8 km", "1,204 km"]);
    }
}
