"""What each geocoder answers of a house in Baku, of the sea, and where it refuses, as it is documented."""

BAKU = (40.3717, 49.8505)
SEA = (40.0, 51.5)
"""The middle of the Caspian Sea, 100 km from any town."""

NOMINATIM_BAKU = {
    "place_id": 249870313,
    "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
    "osm_type": "way",
    "osm_id": 106431523,
    "lat": "40.3717321",
    "lon": "49.8504988",
    "category": "building",
    "type": "yes",
    "place_rank": 30,
    "importance": 0.00000999,
    "addresstype": "building",
    "name": "",
    "display_name": "153, Neftçilər prospekti, Səbail rayonu, Bakı, AZ1010, Azərbaycan",
    "address": {"house_number": "153", "road": "Neftçilər prospekti", "city": "Bakı", "country_code": "az"},
    "boundingbox": ["40.3716", "40.3719", "49.8503", "49.8507"],
}
NOMINATIM_SEA = {"error": "Unable to geocode"}
PHOTON_BAKU = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {
                "osm_type": "W",
                "osm_id": 106431523,
                "osm_key": "building",
                "osm_value": "yes",
                "type": "house",
                "countrycode": "AZ",
                "postcode": "AZ1010",
                "housenumber": "153",
                "street": "Neftçilər prospekti",
                "district": "Səbail rayonu",
                "city": "Bakı",
                "country": "Azərbaycan",
                "extent": [49.8503, 40.3719, 49.8507, 40.3716],
            },
            "geometry": {"type": "Point", "coordinates": [49.8504988, 40.3717321]},
        }
    ],
}
PHOTON_SEA: dict[str, object] = {"type": "FeatureCollection", "features": []}

GOOGLE_BAKU = {
    "plus_code": {"compound_code": "9VCX+M65 Bakı, Azərbaycan", "global_code": "8HGC9VCX+M65"},
    "results": [
        {
            "formatted_address": "9VCX+M65, Bakı, Azərbaycan",
            "geometry": {"location": {"lat": 40.3717, "lng": 49.8505}, "location_type": "GEOMETRIC_CENTER"},
            "place_id": "GhIJmpmZmZkvREARL26jAbzsSEA",
            "plus_code": {"compound_code": "9VCX+M65 Bakı, Azərbaycan", "global_code": "8HGC9VCX+M65"},
            "types": ["plus_code"],
        },
        {
            "address_components": [
                {"long_name": "153", "short_name": "153", "types": ["street_number"]},
                {"long_name": "Neftçilər prospekti", "short_name": "Neftçilər pr.", "types": ["route"]},
                {"long_name": "Bakı", "short_name": "Bakı", "types": ["locality", "political"]},
                {"long_name": "Azərbaycan", "short_name": "AZ", "types": ["country", "political"]},
            ],
            "formatted_address": "153 Neftçilər prospekti, Bakı, Azərbaycan",
            "geometry": {
                "location": {"lat": 40.3717321, "lng": 49.8504988},
                "location_type": "ROOFTOP",
                "viewport": {
                    "northeast": {"lat": 40.3730811, "lng": 49.8518477},
                    "southwest": {"lat": 40.3703831, "lng": 49.8491498},
                },
            },
            "place_id": "ChIJ5Yw2kLx9MEARm4dQ0o1bKtY",
            "types": ["street_address"],
        },
    ],
    "status": "OK",
}
GOOGLE_SEA = {
    "plus_code": {"global_code": "8HGG2G22+22"},
    "results": [
        {
            "formatted_address": "8HGG2G22+22",
            "geometry": {"location": {"lat": 40.0, "lng": 51.5}, "location_type": "GEOMETRIC_CENTER"},
            "place_id": "GhIJAAAAAAAAREARAAAAAADASUA",
            "plus_code": {"global_code": "8HGG2G22+22"},
            "types": ["plus_code"],
        }
    ],
    "status": "OK",
}
GOOGLE_NOTHING: dict[str, object] = {"results": [], "status": "ZERO_RESULTS"}


def google_refuses(status: str, message: str) -> dict[str, object]:
    """With HTTP's 200, as Google does."""
    return {"error_message": message, "results": [], "status": status}


MAPBOX_BAKU = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "dXJuOm1ieGFkcjo4ZmQ2",
            "geometry": {"type": "Point", "coordinates": [49.850499, 40.371732]},
            "properties": {
                "mapbox_id": "dXJuOm1ieGFkcjo4ZmQ2",
                "feature_type": "address",
                "full_address": "Neftçilər prospekti 153, Bakı AZ1010, Azərbaycan",
                "name": "Neftçilər prospekti 153",
                "name_preferred": "Neftçilər prospekti 153",
                "coordinates": {"longitude": 49.850499, "latitude": 40.371732, "accuracy": "rooftop"},
                "place_formatted": "Bakı AZ1010, Azərbaycan",
                "context": {
                    "place": {"mapbox_id": "dXJuOm1ieHBsYzphOGs", "name": "Bakı"},
                    "country": {"name": "Azərbaycan", "country_code": "AZ", "country_code_alpha_3": "AZE"},
                },
            },
        }
    ],
    "attribution": "NOTICE: © 2026 Mapbox and its suppliers. All rights reserved.",
}
MAPBOX_SEA: dict[str, object] = {
    "type": "FeatureCollection",
    "features": [],
    "attribution": "NOTICE: © 2026 Mapbox and its suppliers. All rights reserved.",
}
MAPBOX_REFUSES = {"message": "Not Authorized - Invalid Token"}
