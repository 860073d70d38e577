-- Run once by the image, when the data is made: roles, whose rights `fleet migrate` gives, and their members.
CREATE ROLE fleet_worker NOLOGIN;
CREATE ROLE fleet_geo NOLOGIN;
CREATE ROLE fleet_ops NOLOGIN;
CREATE ROLE fleet_reader NOLOGIN;
CREATE ROLE checkin_worker LOGIN PASSWORD 'laptop' IN ROLE fleet_worker;
CREATE ROLE geo_worker LOGIN PASSWORD 'laptop' IN ROLE fleet_geo;
CREATE ROLE operator LOGIN PASSWORD 'laptop' IN ROLE fleet_ops;
